import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, send } from '../http.js';
import { CLI, rootToken } from '../product.js';
import { run } from '../program.js';
import {
  authorizeAs,
  callback,
  checkIdToken,
  openSuite,
  readTokens,
  redeem,
  refusalOf,
  requestOf,
  type Suite,
  type SuiteClient,
  userinfoOf,
} from './suite.js';
import { startWeb, type SuiteWeb } from './web.js';

let folder: string;
let web: SuiteWeb;
let suite: Suite;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'castellan-suite-'));
  await run(CLI, ['certs', 'dev', folder], { env: { HOME: folder } });
  web = await startWeb(folder);
  suite = await openSuite({
    OUTBOUND_ALLOWED_NETWORKS: '127.0.0.0/8,::1/128',
    OUTBOUND_ALLOWED_PORTS: new URL(web.origin).port,
    NODE_EXTRA_CA_CERTS: path.join(folder, 'ca.pem'),
  });
});
afterAll(async () => {
  await suite?.close();
  web?.close();
  rmSync(folder, { recursive: true, force: true });
});

type Keys = { readonly privateKey: CryptoKey; readonly publicJwk: JWK };

async function makeKeys(kid: string): Promise<Keys> {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
  return { privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' } };
}

/** What the suite's private_key_jwt variant sends to the token endpoint; its audience is that endpoint, or what is said. */
async function tokenWithAssertion(
  client: SuiteClient,
  keys: Keys,
  form: Record<string, string>,
  audience = String(suite.metadata['token_endpoint']),
): Promise<Answer> {
  const url = String(suite.metadata['token_endpoint']);
  const assertion = await new SignJWT({ jti: Math.random().toString(36) })
    .setProtectedHeader({ alg: 'RS256', kid: keys.publicJwk.kid ?? '' })
    .setIssuer(client.id)
    .setSubject(client.id)
    .setAudience(audience)
    .setIssuedAt()
    .setNotBefore('0s')
    .setExpirationTime('60s')
    .sign(keys.privateKey);
  const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
  return send(url, { form: { ...form, client_assertion_type: type, client_assertion: assertion } });
}

const offline = { grant_types: ['authorization_code', 'refresh_token'] };

async function login(client: SuiteClient, changes: Parameters<typeof requestOf>[1] = {}) {
  const request = requestOf(client, changes);
  const { parameters } = await authorizeAs(suite, request);
  return { request, code: parameters['code'] ?? '' };
}

describe('oidcc-dynamic-certification-test-plan', () => {
  it('oidcc-idtoken-rs256', async () => {
    const client = await suite.register({ id_token_signed_response_alg: 'RS256' });
    const { request, code } = await login(client);
    const tokens = await redeem(suite, client, code);
    await checkIdToken(suite, client, tokens.id_token ?? '', { nonce: request['nonce'] ?? '' });
    const header = Buffer.from(tokens.id_token?.split('.')[0] ?? '', 'base64url').toString();
    expect(JSON.parse(header)).toMatchObject({ alg: 'RS256' });
  });

  it('oidcc-idtoken-unsigned: not supported, said so, and refused', async () => {
    expect(suite.metadata['id_token_signing_alg_values_supported']).not.toContain('none');
    const answer = await suite.tryRegister({ redirect_uris: [callback], id_token_signed_response_alg: 'none' });
    expect([answer.status, JSON.parse(answer.text)]).toMatchObject([400, { error: 'invalid_client_metadata' }]);
  });

  it('oidcc-userinfo-rs256', async () => {
    const client = await suite.register({ userinfo_signed_response_alg: 'RS256' });
    const { code } = await login(client, { scope: 'openid email' });
    const tokens = await redeem(suite, client, code);
    const answer = await send(String(suite.metadata['userinfo_endpoint']), { bearer: tokens.access_token });
    expect(answer.headers['content-type']).toMatch(/^application\/jwt/);
    const claims = await suite.verify(answer.text, client.id);
    expect(claims).toMatchObject({ sub: 'alice', email: 'alice@example.org', iss: suite.product.issuer });
    expect(claims).not.toHaveProperty('nonce');
  });

  it('oidcc-ensure-redirect-uri-in-authorization-request', async () => {
    const client = await suite.register({ redirect_uris: [callback, `${callback}/2`] });
    const { answer } = await refusalOf(suite, requestOf(client, { redirect_uri: undefined }));
    expect([answer.status, answer.headers.location]).toEqual([400, undefined]);
  });

  it('oidcc-redirect-uri-query-OK', async () => {
    const redirectUri = `${callback}?foo=bar`;
    const client = await suite.register({ redirect_uris: [redirectUri] });
    const request = requestOf(client, { redirect_uri: redirectUri });
    const { url, parameters } = await authorizeAs(suite, request);
    expect(url.searchParams.get('foo')).toBe('bar');
    await redeem(suite, client, parameters['code'] ?? '', redirectUri);
  });

  it.each([
    ['oidcc-redirect-uri-query-mismatch', `${callback}?foo=bar`, `${callback}?bar=foo`],
    ['oidcc-redirect-uri-query-added', callback, `${callback}?foo=bar`],
  ])('%s', async (_, registered, redirectUri) => {
    const client = await suite.register({ redirect_uris: [registered] });
    const { answer } = await refusalOf(suite, requestOf(client, { redirect_uri: redirectUri }));
    expect([answer.status, answer.headers.location]).toEqual([400, undefined]);
  });

  it('oidcc-redirect-uri-regfrag', async () => {
    const answer = await suite.tryRegister({ redirect_uris: [`${callback}#foobar`] });
    expect([answer.status, JSON.parse(answer.text)]).toMatchObject([400, { error: 'invalid_redirect_uri' }]);
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
  });

  it.each([
    ['oidcc-registration-logo-uri', 'logo_uri'],
    ['oidcc-registration-policy-uri', 'policy_uri'],
    ['oidcc-registration-tos-uri', 'tos_uri'],
  ])('%s', async (_, name) => {
    const client = await suite.register({ [name]: 'https://suite.example/document' });
    expect(client.metadata[name]).toBe('https://suite.example/document');
  });

  it('oidcc-server: registered, managed and unregistered', async () => {
    const { metadata } = await suite.register({});
    const url = String(metadata['registration_client_uri']);
    const bearer = String(metadata['registration_access_token']);
    expect(url).toMatch(/^https:\/\//);
    expect((await send(url, { method: 'DELETE', bearer })).status).toBe(204);
    expect((await send(url, { bearer })).status).toBe(401);
  });

  it('oidcc-registration-jwks-uri', async () => {
    const keys = await makeKeys('k1');
    web.documents.set('/jwks', { type: 'application/json', body: JSON.stringify({ keys: [keys.publicJwk] }) });
    const client = await suite.register({
      token_endpoint_auth_method: 'private_key_jwt',
      jwks_uri: `${web.origin}/jwks`,
    });
    const { request, code } = await login(client);
    const form = { grant_type: 'authorization_code', code, redirect_uri: callback };
    const tokens = readTokens(await tokenWithAssertion(client, keys, form));
    await checkIdToken(suite, client, tokens.id_token ?? '', { nonce: request['nonce'] ?? '' });
    expect(await userinfoOf(suite, tokens.access_token)).toEqual({ sub: 'alice' });
  });

  it('oidcc-ensure-client-assertion-with-iss-aud-succeeds', async () => {
    const keys = await makeKeys('k1');
    const client = await suite.register({
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [keys.publicJwk] },
    });
    const { request, code } = await login(client);
    const form = { grant_type: 'authorization_code', code, redirect_uri: callback };
    const tokens = readTokens(await tokenWithAssertion(client, keys, form, suite.product.issuer));
    await checkIdToken(suite, client, tokens.id_token ?? '', { nonce: request['nonce'] ?? '' });
  });

  it('oidcc-refresh-token-rp-key-rotation', async () => {
    const [before, after] = [await makeKeys('before'), await makeKeys('after')];
    // The suite waits for a minute after it changed its key; here the next key is published before it is used. That an
    // unknown key is looked for again, once in 30 s, is tested where the clock can be moved (CA-26).
    const publish = (...keys: readonly Keys[]) =>
      web.documents.set('/rotating', {
        type: 'application/json',
        body: JSON.stringify({ keys: keys.map(({ publicJwk }) => publicJwk) }),
      });
    publish(before, after);
    const client = await suite.register({
      ...offline,
      ...{ token_endpoint_auth_method: 'private_key_jwt', jwks_uri: `${web.origin}/rotating` },
    });
    const scope = 'openid offline_access';
    const { code } = await login(client, { scope, prompt: 'consent' });
    const form = { grant_type: 'authorization_code', code, redirect_uri: callback };
    const first = readTokens(await tokenWithAssertion(client, before, form));
    publish(after);
    const refresh = { grant_type: 'refresh_token', refresh_token: first.refresh_token ?? '', scope };
    const second = readTokens(await tokenWithAssertion(client, after, refresh));
    expect(await userinfoOf(suite, second.access_token)).toEqual({ sub: 'alice' });
  });

  it('oidcc-registration-sector-uri', async () => {
    web.documents.set('/sector', { type: 'application/json', body: JSON.stringify([callback, 'https://a.example/']) });
    const pairwise = { subject_type: 'pairwise', sector_identifier_uri: `${web.origin}/sector` };
    expect((await suite.register(pairwise)).metadata).toMatchObject(pairwise);
  });

  it('oidcc-registration-sector-bad', async () => {
    web.documents.set('/bad', { type: 'application/json', body: JSON.stringify(['https://other.example/cb']) });
    const answer = await suite.tryRegister({
      redirect_uris: [callback],
      ...{ subject_type: 'pairwise', sector_identifier_uri: `${web.origin}/bad` },
    });
    expect([answer.status, JSON.parse(answer.text)]).toMatchObject([400, { error: 'invalid_client_metadata' }]);
  });

  it('oidcc-server-rotate-keys', async () => {
    const idsOf = async () => {
      const { keys } = JSON.parse((await send(String(suite.metadata['jwks_uri']))).text) as { keys: JWK[] };
      return keys.map(({ kid }) => kid);
    };
    const before = await idsOf();
    const rotated = await send(`${suite.product.adminUrl}/rotation/hydra.openid.id-token/emergency`, {
      method: 'POST',
      json: {},
      bearer: await rootToken(suite.product),
    });
    expect(rotated.status).toBeLessThan(300);
    // The gateway keeps the published set for a second.
    const added = async () => (await idsOf()).filter((kid) => !before.includes(kid));
    await expect.poll(added, { timeout: 60_000 }).not.toEqual([]);
  });

  it('oidcc-request-uri-unsigned: not supported, and said so', () => {
    expect(suite.metadata['request_object_signing_alg_values_supported']).not.toContain('none');
  });

  it('oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported', async () => {
    const uri = `${web.origin}/unsigned.jwt`;
    const client = await suite.register({ request_uris: [uri] });
    const { state, nonce, ...outside } = requestOf(client);
    const object = [{ alg: 'none' }, { state, nonce, ...outside }]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    web.documents.set('/unsigned.jwt', { type: 'application/oauth-authz-req+jwt', body: `${object}.` });
    const { response } = await refusalOf(suite, { ...outside, request_uri: uri } as Record<string, string>);
    expect(['request_uri_not_supported', 'invalid_request_object']).toContain(response?.parameters['error']);
  });

  it('oidcc-request-uri-signed-rs256', async () => {
    const keys = await makeKeys('r1');
    const uri = `${web.origin}/request.jwt#a-hash-of-it`;
    const client = await suite.register({
      ...{ request_uris: [uri], request_object_signing_alg: 'RS256' },
      jwks: { keys: [keys.publicJwk] },
    });
    const request = requestOf(client);
    const { state, nonce, ...outside } = request;
    const object = await new SignJWT({ ...outside, state, nonce })
      .setProtectedHeader({ alg: 'RS256', kid: 'r1' })
      .setIssuer(client.id)
      .setAudience(suite.product.issuer)
      .sign(keys.privateKey);
    web.documents.set('/request.jwt', { type: 'application/oauth-authz-req+jwt', body: object });
    const { parameters } = await authorizeAs(suite, { ...outside, request_uri: uri } as Record<string, string>);
    expect(parameters['state']).toBe(state);
    const tokens = await redeem(suite, client, parameters['code'] ?? '');
    await checkIdToken(suite, client, tokens.id_token ?? '', { nonce: nonce ?? '' });
  });
});
