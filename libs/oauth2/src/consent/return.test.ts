import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { compactVerify } from 'jose';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  callback,
  challengeOf,
  createConsentFlow,
  expectDenied,
  idTokenKey,
  issuer,
  partsOf,
  responseOf,
  startTime,
  validRequest,
} from '../testing/authorization-harness.js';

type Parameters = { readonly [name: string]: string | undefined };

const seconds = startTime / 1000;
type Flow = Awaited<ReturnType<typeof createConsentFlow>>;

let harness: Flow['harness'];
let browser: Flow['browser'];
let start: Flow['start'];
let comeBack: Flow['comeBack'];

beforeEach(async () => {
  ({ harness, browser, start, comeBack } = await createConsentFlow());
});

describe('the return with a consent', () => {
  it('gives a code that stands for exactly what was granted', async () => {
    const challenge = await start();
    const outcome = await comeBack(challenge, harness.respond(challenge));
    expect(outcome.kind).toBe('to-client');
    expect([...partsOf(outcome).parameters.keys()]).toEqual(['code', 'scope', 'state', 'iss']);
    expect(partsOf(outcome)).toMatchObject({ target: callback, mode: 'query' });
    expect(responseOf(outcome)).toMatchObject({ scope: 'openid offline', state: 'abcdefghij', iss: issuer });
    expect('location' in outcome && outcome.location).toContain('&scope=openid%20offline&state=abcdefghij');
    const code = await harness.findCode(responseOf(outcome)['code']);
    expect(code).toMatchObject({
      state: 'live',
      redirectUri: callback,
      redirectUriGiven: true,
      grant: {
        clientId: 'conf',
        subject: 'user:12345:dandean',
        scopes: ['openid', 'offline'],
        audience: [],
        accessTokenExtra: { a: 1 },
        idTokenExtra: { name: 'Dan Dean' },
        authTime: seconds,
        nonce: 'n-0S6_WzA2Mj',
      },
    });
    expect(code).not.toHaveProperty('codeChallenge');
    expect(browser.jar.size).toBe(0);
  });

  it('keeps the code challenge, and that the redirect URI was not named', async () => {
    await harness.register({ id: 'one', redirectUris: [`${callback}?x=1`] });
    const challenge = await start({
      client_id: 'one',
      redirect_uri: undefined,
      scope: 'offline',
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      code_challenge_method: 'S256',
    });
    const outcome = await comeBack(challenge, harness.respond(challenge));
    expect('location' in outcome && outcome.location).toMatch(/^https:\/\/rp\.example\/cb\?x=1&code=/);
    expect(await harness.findCode(responseOf(outcome)['code'])).toMatchObject({
      redirectUriGiven: false,
      codeChallenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    });
  });

  it('completes a request that was started by POST, with everything it carried', async () => {
    const posted = { ...validRequest, display: 'page', state: 'x&y=z+ü #?' };
    const challenge = challengeOf(await browser.start(posted));
    expect(Object.fromEntries(new URL(challenge.redir).searchParams)).toEqual(posted);
    const outcome = await comeBack(challenge, harness.respond(challenge));
    expect(responseOf(outcome)).toMatchObject({ code: expect.any(String), state: 'x&y=z+ü #?' });
  });

  it('completes parallel tabs in any order', async () => {
    const challenges = [
      await start({ state: 'tab-1' }),
      await start({ state: 'tab-2' }),
      await start({ state: 'tab-3' }),
    ];
    for (const [challenge, state] of [
      [challenges[1], 'tab-2'],
      [challenges[2], 'tab-3'],
      [challenges[0], 'tab-1'],
    ] as const) {
      if (challenge === undefined) throw new Error('no challenge');
      const outcome = await comeBack(challenge, harness.respond(challenge));
      expect(responseOf(outcome)).toMatchObject({ code: expect.any(String), state });
    }
  });

  it('works over plain http too, where the cookie has no prefix', async () => {
    const plain = await createConsentFlow(false);
    const challenge = await plain.start();
    expect((await plain.comeBack(challenge, plain.harness.respond(challenge))).kind).toBe('to-client');
  });
});

describe('response types', () => {
  type Row = readonly [responseType: string, members: readonly string[], hashes: readonly string[]];
  const rows: readonly Row[] = [
    ['token', ['access_token', 'expires_in', 'scope', 'state', 'token_type', 'iss'], []],
    ['id_token', ['id_token', 'state', 'iss'], []],
    ['token id_token', ['access_token', 'expires_in', 'id_token', 'scope', 'state', 'token_type', 'iss'], ['at_hash']],
    ['id_token token', ['access_token', 'expires_in', 'id_token', 'scope', 'state', 'token_type', 'iss'], ['at_hash']],
    ['code token', ['access_token', 'code', 'expires_in', 'scope', 'state', 'token_type', 'iss'], []],
    ['code id_token', ['code', 'id_token', 'state', 'iss'], ['c_hash']],
    [
      'token code id_token',
      ['access_token', 'code', 'expires_in', 'id_token', 'scope', 'state', 'token_type', 'iss'],
      ['at_hash', 'c_hash'],
    ],
  ];

  it.each(rows)('%s answers its members in the fragment', async (responseType, members, hashes) => {
    const challenge = await start({ response_type: responseType, state: 'a/b c' });
    const outcome = await comeBack(challenge, harness.respond(challenge));
    const answer = responseOf(outcome);
    expect(partsOf(outcome)).toMatchObject({ target: callback, mode: 'fragment' });
    expect([...partsOf(outcome).parameters.keys()]).toEqual(members);
    expect(answer['state']).toBe('a/b c');
    if (answer['access_token'] !== undefined) {
      expect(answer).toMatchObject({ expires_in: '3600', token_type: 'bearer', scope: 'openid offline' });
      expect((await harness.findAccessToken(answer['access_token']))?.grant.subject).toBe('user:12345:dandean');
    }
    if (answer['code'] !== undefined) expect((await harness.findCode(answer['code']))?.state).toBe('live');
    if (answer['id_token'] === undefined) return;
    const key = createPublicKey({ key: idTokenKey.jwk as JsonWebKey, format: 'jwk' });
    const { payload } = await compactVerify(answer['id_token'], key);
    const claims = JSON.parse(Buffer.from(payload).toString()) as Record<string, unknown>;
    expect(claims).toMatchObject({ iss: issuer, aud: 'conf', sub: 'user:12345:dandean', nonce: 'n-0S6_WzA2Mj' });
    expect(Object.keys(claims).filter((name) => name.endsWith('_hash'))).toEqual(hashes);
    if (hashes.includes('at_hash')) expect(claims['at_hash']).toBe(await leftHalf(answer['access_token']));
    if (hashes.includes('c_hash')) expect(claims['c_hash']).toBe(await leftHalf(answer['code']));
  });

  async function leftHalf(text = ''): Promise<string> {
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
    return Buffer.from(digest).subarray(0, 16).toString('base64url');
  }

  it.each(['id_token', 'id_token token'])('%s is denied when openid was not granted', async (responseType) => {
    const challenge = await start({ response_type: responseType });
    const outcome = await comeBack(challenge, harness.respond(challenge, { scp: ['offline'] }));
    expect(partsOf(outcome).mode).toBe('fragment');
    expectDenied(outcome);
  });

  it('code id_token has no ID token when openid was not granted', async () => {
    const challenge = await start({ response_type: 'code id_token' });
    const outcome = await comeBack(challenge, harness.respond(challenge, { scp: ['offline'] }));
    expect([...partsOf(outcome).parameters.keys()]).toEqual(['code', 'state', 'iss']);
  });
});

describe('one request, one browser, one decision', () => {
  it('a consent response is used once', async () => {
    const challenge = await start();
    const jwt = harness.respond(challenge);
    expect((await comeBack(challenge, jwt)).kind).toBe('to-client');
    expectDenied(await comeBack(challenge, jwt));
  });

  it('nor again with the old cookie put back', async () => {
    const challenge = await start();
    const jar = new Map(browser.jar);
    const jwt = harness.respond(challenge);
    await comeBack(challenge, jwt);
    for (const [name, value] of jar) browser.jar.set(name, value);
    expectDenied(await comeBack(challenge, jwt));
    expect(browser.jar.size).toBe(0);
  });

  it('of two returns at the same time one wins', async () => {
    const challenge = await start();
    const jwt = harness.respond(challenge);
    const outcomes = await Promise.all([comeBack(challenge, jwt), comeBack(challenge, jwt)]);
    expect(outcomes.map((outcome) => outcome.kind).sort()).toEqual(['error-to-client', 'to-client']);
  });

  it('another browser gets nothing and cannot end the flow', async () => {
    const challenge = await start();
    const jwt = harness.respond(challenge);
    expectDenied(await harness.openBrowser().follow(`${challenge.redir}&consent=${jwt}`));
    expectDenied(
      await harness.openBrowser().follow(`${challenge.redir}&consent=${harness.respond(challenge, { exp: 1 })}`),
    );
    expect((await comeBack(challenge, jwt)).kind).toBe('to-client');
  });

  const swaps: readonly (readonly [string, Parameters])[] = [
    ['scope', { scope: 'openid offline photos' }],
    ['redirect_uri', { redirect_uri: `${callback}?x=1` }],
    ['state', { state: 'klmnopqrst' }],
    ['nonce', { nonce: 'another' }],
    [
      'code_challenge',
      { code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256' },
    ],
    ['response_type', { response_type: 'code token' }],
    ['acr_values', { acr_values: 'gold' }],
  ];

  it.each(swaps)('a response to one request is refused for another with a different %s', async (_, changes) => {
    const first = await start();
    const second = await start(changes);
    const swapped = await comeBack(second, harness.respond(first));
    expect(responseOf(swapped)['error']).toBe('access_denied');
    const again = await comeBack(first, harness.respond(first));
    expect(responseOf(again)['error']).toBe('access_denied');
    const honest = await comeBack(second, harness.respond(second));
    expect(honest.kind).toBe('to-client');
  });

  it('a response to one request is refused for the same request started again', async () => {
    const first = await start();
    const second = await start();
    const jwt = harness.respond(second, { jti: first.jti });
    expect((await comeBack(second, jwt)).kind).toBe('to-client');
    expectDenied(await comeBack(first, jwt));
  });

  it('a request ends with the lifetime of its challenge', async () => {
    const challenge = await start();
    harness.advance(600_000);
    expectDenied(await comeBack(challenge, harness.respond(challenge, { exp: seconds + 10_000 })));
  });

  it('a client removed in between is shown on the error page', async () => {
    const challenge = await start();
    await harness.clients.remove('conf');
    expect((await comeBack(challenge, harness.respond(challenge))).kind).toBe('error-page');
  });

  it('a sealed cookie with another secret than the request was started with opens nothing', async () => {
    const challenge = await start();
    const [flow] = harness.tools.cookies.open(
      [...browser.jar].map(([name, value]) => ({ name, value })),
      true,
    );
    if (flow === undefined) throw new Error('no flow');
    const forged = harness.tools.cookies.seal({ ...flow, secret: Buffer.alloc(32) }, true);
    const stranger = harness.openBrowser();
    for (const consent of [harness.respond(challenge), 'denied']) {
      stranger.jar.set(forged.name, forged.value);
      const outcome = await stranger.follow(`${challenge.redir}&consent=${consent}`);
      expect(outcome.kind).toBe(consent === 'denied' ? 'to-consent' : 'error-to-client');
    }
    expect((await comeBack(challenge, harness.respond(challenge))).kind).toBe('to-client');
  });

  it('a client registered again under the same id inherits no request', async () => {
    const challenge = await start();
    await harness.clients.remove('conf');
    await harness.register();
    expectDenied(await comeBack(challenge, harness.respond(challenge)));
  });

  it('a fault while signing the ID token costs nothing', async () => {
    const challenge = await start({ response_type: 'code id_token' });
    const jwt = harness.respond(challenge);
    harness.outages.idToken = true;
    await expect(comeBack(challenge, jwt)).rejects.toThrow('the key manager is down');
    harness.outages.idToken = false;
    expect((await comeBack(challenge, jwt)).kind).toBe('to-client');
  });
});

describe('a denied consent', () => {
  it('is access_denied to the client and ends the flow', async () => {
    const challenge = await start();
    expectDenied(await comeBack(challenge, 'denied'));
    expect(browser.jar.size).toBe(0);
    expectDenied(await comeBack(challenge, harness.respond(challenge)));
  });

  it('ends its own tab only', async () => {
    const first = await start({ state: 'tab-1' });
    const second = await start({ state: 'tab-2' });
    expectDenied(await comeBack(first, 'denied'), 'tab-1');
    expect((await comeBack(second, harness.respond(second))).kind).toBe('to-client');
  });

  it.each(['without a cookie', 'with another request', 'once decided'])('%s is a new request', async (how) => {
    const challenge = await start();
    if (how === 'without a cookie') browser.jar.clear();
    if (how === 'once decided') await comeBack(challenge, 'denied');
    const link = how === 'with another request' ? challenge.redir.replace('abcdefghij', 'klmnopqrst') : challenge.redir;
    const outcome = await browser.follow(`${link}&consent=denied`);
    const renewed = challengeOf(outcome);
    expect(renewed.jti).not.toBe(challenge.jti);
    expect(renewed.redir).toBe(link);
  });
});
