import { beforeEach, describe, expect, it } from 'vitest';
import {
  callback,
  challengeOf,
  claimsOf,
  createConsentFlow,
  idTokenKey,
  issuer,
  partsOf,
  responseKey,
  type ResponseClaims,
  responseOf,
  signTestJwt,
  startTime,
  validRequest,
} from '../testing/authorization-harness.js';
import { sampleClient } from '../testing/sample-client.js';

type Changes = { readonly [name: string]: string | undefined };
type Flow = Awaited<ReturnType<typeof createConsentFlow>>;

let flow: Flow;

beforeEach(async () => {
  flow = await createConsentFlow();
});

/** The outcome of a request that the resource owner approved. */
async function approve(changes: Changes, response: ResponseClaims = {}) {
  const challenge = await flow.start(changes);
  return flow.comeBack(challenge, flow.harness.respond(challenge, response));
}

/** The error with which a request is refused at once. */
async function refusal(changes: Changes): Promise<string | undefined> {
  const outcome = await flow.browser.start({ ...validRequest, ...changes });
  return outcome.kind === 'error-to-client' ? responseOf(outcome)['error'] : outcome.kind;
}

describe('the response mode form_post', () => {
  it.each(['code', 'id_token', 'code id_token token'])('posts a response of the type %s', async (type) => {
    const outcome = await approve({ response_type: type, response_mode: 'form_post' });
    expect(outcome.kind).toBe('to-client');
    expect(partsOf(outcome)).toMatchObject({ mode: 'form_post', target: callback });
    const fields = responseOf(outcome);
    expect(fields).toMatchObject({ state: validRequest['state'], iss: issuer });
    for (const word of type.split(' ')) expect(fields).toHaveProperty(word === 'token' ? 'access_token' : word);
  });

  it('posts errors too', async () => {
    const outcome = await flow.browser.start({ ...validRequest, response_mode: 'form_post', prompt: 'none' });
    expect(partsOf(outcome).mode).toBe('form_post');
    expect(responseOf(outcome)).toMatchObject({ error: 'login_required', state: validRequest['state'], iss: issuer });
  });
});

describe('the claims parameter', () => {
  it.each([
    '{',
    '[]',
    '"x"',
    '{"userinfo":1}',
    '{"id_token":{"a":1}}',
    '{"userinfo":{"a":{"essential":"yes"}}}',
    '{"id_token":{"acr":{"values":"1"}}}',
    '{"userinfo":{},"userinfo":{}}',
    `{"x":"${'y'.repeat(5000)}"}`,
  ])('is refused when it is %s', async (claims) => {
    expect(await refusal({ claims })).toBe('invalid_request');
  });

  it('keeps with the grant which claims userinfo shall have, and reaches the consent app', async () => {
    const claims = '{"userinfo":{"name":{"essential":true},"email":null},"other":7}';
    const challenge = await flow.start({ claims });
    expect(new URL(challenge.redir).searchParams.get('claims')).toBe(claims);
    const outcome = await flow.comeBack(challenge, flow.harness.respond(challenge));
    const code = await flow.harness.findCode(responseOf(outcome)['code']);
    expect(code?.grant.userinfoClaims).toEqual(['name', 'email']);
  });

  it.each([
    [
      'an essential acr that was not met',
      '{"id_token":{"acr":{"essential":true,"values":["2","3"]}}}',
      'unmet_authentication_requirements',
    ],
    ['an essential acr that was met', '{"id_token":{"acr":{"essential":true,"value":"1"}}}', undefined],
    ['a voluntary acr', '{"id_token":{"acr":{"values":["2"]}}}', undefined],
    ['another subject', '{"id_token":{"sub":{"value":"somebody else"}}}', 'login_required'],
    ['another subject in userinfo', '{"userinfo":{"sub":{"value":"somebody else"}}}', 'login_required'],
    ['this subject', '{"id_token":{"sub":{"value":"alice"}}}', undefined],
  ])('with %s', async (_name, claims, error) => {
    const outcome = await approve({ claims }, { sub: 'alice', id_ext: { acr: '1' } });
    expect(responseOf(outcome)['error']).toBe(error);
  });
});

describe('the id_token_hint', () => {
  const claims = { iss: issuer, sub: 'alice', aud: 'conf', exp: startTime / 1000 - 9_000_000, iat: 1 };
  const hint = (changes: object = {}, key = idTokenKey) => signTestJwt({ ...claims, ...changes }, key);

  it('may be expired; who logs in must be its subject', async () => {
    expect(responseOf(await approve({ id_token_hint: hint() }, { sub: 'alice' }))).toHaveProperty('code');
    expect(responseOf(await approve({ id_token_hint: hint() }, { sub: 'mallory' }))['error']).toBe('login_required');
  });

  it('reaches the consent app with the other hints', async () => {
    const hints = { login_hint: 'alice', ui_locales: 'fr de', display: 'popup', acr_values: '2 1', prompt: 'login' };
    const { redir } = await flow.start({ ...hints, id_token_hint: hint() });
    expect(Object.fromEntries(new URL(redir).searchParams)).toMatchObject({ ...hints, id_token_hint: hint() });
  });

  it.each([
    ['without signature', `${Buffer.from('{"alg":"none"}').toString('base64url')}.${hint().split('.')[1]}.`],
    ['of a foreign key', hint({}, responseKey)],
    ['of another issuer', hint({ iss: 'https://evil.example' })],
    ['of another client', hint({ aud: 'other' })],
    ['that is userinfo', hint({ exp: undefined })],
    ['that is garbage', 'garbage'],
  ])('is refused %s', async (_name, id_token_hint) => {
    expect(await refusal({ id_token_hint })).toBe('invalid_request');
  });

  it('is answered login_required with prompt=none', async () => {
    expect(await refusal({ id_token_hint: hint(), prompt: 'none' })).toBe('login_required');
  });
});

describe('the defaults of a client', () => {
  it('travel like parameters that were sent, and give way to those', async () => {
    const { harness, browser } = flow;
    const openid = { defaultMaxAge: 60, defaultAcrValues: ['2', '1'] };
    await harness.clients.insert(sampleClient({ id: 'defaults', redirectUris: [callback], openid }), undefined);
    const request = { ...validRequest, client_id: 'defaults' };
    const challenge = challengeOf(await browser.start(request));
    const sent = (redir: string) => Object.fromEntries(new URL(redir).searchParams);
    expect(sent(challenge.redir)).toMatchObject({ max_age: '60', acr_values: '2 1' });
    const given = challengeOf(await browser.start({ ...request, max_age: '0', acr_values: '3' }));
    expect(sent(given.redir)).toMatchObject({ max_age: '0', acr_values: '3' });
    const old = harness.respond(challenge, { auth_time: startTime / 1000 - 3_600 });
    const outcome = await browser.follow(`${challenge.redir}&consent=${old}`);
    expect(responseOf(outcome)['error']).toBe('login_required');
  });

  it('make ID tokens as the client registered', async () => {
    const { harness, browser } = flow;
    const openid = { subjectType: 'pairwise' } as const;
    const types = { grantTypes: ['implicit'], responseTypes: ['id_token'] };
    await harness.clients.insert(
      sampleClient({ id: 'pairwise', redirectUris: [callback], openid, ...types }),
      undefined,
    );
    const request = { ...validRequest, client_id: 'pairwise', response_type: 'id_token', scope: 'openid' };
    const challenge = challengeOf(await browser.start(request));
    const response = harness.respond(challenge, { sub: 'alice' });
    const outcome = await browser.follow(`${challenge.redir}&consent=${response}`);
    expect(claimsOf(responseOf(outcome)['id_token'] ?? '')['sub']).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });
});

describe('registration in a request', () => {
  it('is refused', async () => {
    expect(await refusal({ registration: '{}' })).toBe('registration_not_supported');
  });
});
