import { beforeEach, describe, expect, it } from 'vitest';
import type { OpenIdRegistration } from '../client.js';
import {
  type AuthorizationHarness,
  callback,
  challengeOf,
  createAuthorizationHarness,
  hmacTestJwt,
  issuer,
  newTestKey,
  partsOf,
  responseOf,
  signTestJwt,
  startTime,
} from '../testing/authorization-harness.js';

const uri = 'https://rp.example/request.jwt';
const clientKey = newTestKey();
const strange = newTestKey();
const outside = { client_id: 'conf', response_type: 'code', scope: 'openid', redirect_uri: callback, state: 'outside' };

let harness: AuthorizationHarness;

beforeEach(async () => {
  harness = await createAuthorizationHarness();
});

async function registered(openid: OpenIdRegistration = {}): Promise<void> {
  await harness.register({ jwks: [clientKey.jwk], openid: { requestUris: [uri], ...openid } });
}

function serve(claims: object, key = clientKey): void {
  harness.web.documents.set(uri, signTestJwt({ iss: 'conf', aud: issuer, ...claims }, key));
}

async function start(changes: { readonly [name: string]: string | undefined } = {}) {
  return harness.openBrowser().start({ ...outside, request_uri: uri, ...changes });
}

async function refusal(changes: { readonly [name: string]: string | undefined } = {}) {
  const outcome = await start(changes);
  return outcome.kind === 'error-page' ? `page ${outcome.error.code}` : responseOf(outcome)['error'];
}

describe('a request object by reference', () => {
  it('puts its parameters in the place of equal ones, and reaches the consent app as plain parameters', async () => {
    await registered();
    serve({ state: 'inside', nonce: 'n', max_age: 60, claims: { userinfo: { email: null } }, prompt: 'login' });
    const browser = harness.openBrowser();
    const challenge = challengeOf(await browser.start({ ...outside, request_uri: uri }));
    expect(Object.fromEntries(new URL(challenge.redir).searchParams)).toEqual({
      ...outside,
      state: 'inside',
      nonce: 'n',
      max_age: '60',
      claims: '{"userinfo":{"email":null}}',
      prompt: 'login',
    });
    const outcome = await browser.follow(`${challenge.redir}&consent=${harness.respond(challenge)}`);
    expect(responseOf(outcome)).toMatchObject({ state: 'inside' });
    expect((await harness.findCode(responseOf(outcome)['code']))?.grant.nonce).toBe('n');
    expect(harness.web.asked).toEqual([uri]);
  });

  it('may hold the redirection URI, which must be registered', async () => {
    await registered();
    serve({ redirect_uri: callback });
    expect((await start({ redirect_uri: undefined })).kind).toBe('to-consent');
    serve({ redirect_uri: 'https://evil.example/cb' });
    expect(await refusal()).toBe('page invalid_request');
  });

  it('is not fetched from a URI that the client did not register', async () => {
    await registered();
    expect(await refusal({ request_uri: 'https://evil.example/r' })).toBe('invalid_request_uri');
    expect(await refusal({ request_uri: `${uri}?a=1` })).toBe('invalid_request_uri');
    expect(await refusal({ request_uri: `${uri}x`, redirect_uri: 'https://evil.example/cb' })).toBe(
      'page invalid_request',
    );
    expect(harness.web.asked).toEqual([]);
  });

  it('is refused when there is none, and for clients without registered URIs', async () => {
    await registered();
    expect(await refusal()).toBe('invalid_request_uri');
    await harness.clients.remove('conf');
    await harness.register();
    expect(await refusal()).toBe('request_uri_not_supported');
  });

  it.each([
    ['of another issuer', { iss: 'other' }],
    ['for another server', { aud: 'https://other.example' }],
    ['that is expired', { exp: startTime / 1000 - 31 }],
    ['whose exp is text', { exp: '1e99' }],
    ['of the future', { nbf: startTime / 1000 + 31 }],
    ['of another client', { client_id: 'other' }],
    ['of another response type', { response_type: 'code id_token' }],
    ['with another request inside', { request: 'a.b.c' }],
    ['with another reference inside', { request_uri: uri }],
    ['with a consent inside', { consent: 'denied' }],
    ['with a list as prompt', { prompt: ['login'] }],
    ['with an object as state', { state: { a: 1 } }],
  ])('is refused %s', async (_name, claims) => {
    await registered();
    serve(claims);
    expect(await refusal()).toBe('invalid_request_object');
  });

  it('is refused with a signature that is not the client’s', async () => {
    await registered();
    serve({}, strange);
    expect(await refusal()).toBe('invalid_request_object');
    harness.web.documents.set(uri, hmacTestJwt({ iss: 'conf', aud: issuer }, JSON.stringify(clientKey.jwk)));
    expect(await refusal()).toBe('invalid_request_object');
    harness.web.documents.set(uri, 'garbage');
    expect(await refusal()).toBe('invalid_request_object');
  });

  it('is refused with another algorithm than the registered one', async () => {
    await registered({ requestObjectSigningAlg: 'RS384' });
    serve({});
    expect(await refusal()).toBe('invalid_request_object');
  });

  it('may be unsigned where the server says so, except for a client that registered an algorithm', async () => {
    const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const unsigned = `${encode({ alg: 'none' })}.${encode({ state: 'inside' })}.`;
    harness.web.documents.set(uri, unsigned);
    await registered({ requestObjectSigningAlg: 'none' });
    expect(await refusal()).toBe('invalid_request_object');
    const { tools } = harness;
    Object.assign(tools.requestUris, { unsigned: true });
    const outcome = await start({ prompt: 'none' });
    expect(partsOf(outcome).parameters.get('state')).toBe('inside');
    harness.web.documents.set(uri, `${unsigned}c2ln`);
    expect(await refusal()).toBe('invalid_request_object');
    await harness.clients.remove('conf');
    await registered({ requestObjectSigningAlg: 'RS256' });
    harness.web.documents.set(uri, unsigned);
    expect(await refusal()).toBe('invalid_request_object');
  });

  it('may be unsigned for a client that registered no algorithm, only where the server says so', async () => {
    const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    harness.web.documents.set(uri, `${encode({ alg: 'none' })}.${encode({ state: 'inside' })}.`);
    await registered();
    expect(await refusal()).toBe('invalid_request_object');
    Object.assign(harness.tools.requestUris, { unsigned: true });
    expect(partsOf(await start({ prompt: 'none' })).parameters.get('state')).toBe('inside');
    harness.web.documents.set(uri, `${encode({ alg: 'RS256' })}.${encode({ state: 'inside' })}.`);
    expect(await refusal()).toBe('invalid_request_object');
    serve({ state: 'signed' }, strange);
    expect(await refusal()).toBe('invalid_request_object');
  });
});
