import type { webcrypto } from 'node:crypto';
import { decodeProtectedHeader, exportJWK, generateKeyPair } from 'jose';
import * as openid from 'openid-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { authorize, type Decision } from './consent-player.js';
import { Browser, send, unescapeHtml } from './http.js';
import { makeDatabase, migrateSql, type Product, type ProductDatabase, rootToken, startProduct } from './product.js';

const callback = 'https://rp.example/cb';
const everything = {
  redirect_uris: [callback],
  grant_types: ['authorization_code', 'implicit', 'refresh_token'],
  response_types: ['code', 'id_token', 'code id_token'],
};
const decision: Decision = {
  subject: 'alice',
  idTokenExtra: { name: 'Alice', email: 'alice@example.org', acr: '1' },
};

let database: ProductDatabase;
let product: Product;

/** openid-client's requests through our own sender, which takes the development certificate. */
const fetch: openid.CustomFetch = async (url, { method, headers, body }) => {
  const answer = await send(url, {
    method,
    headers,
    ...(body !== undefined && body !== null ? { body: String(body) } : {}),
  });
  const pairs = Object.entries(answer.headers).map(([name, value]): [string, string] => [name, String(value)]);
  return new Response(answer.status === 204 ? null : answer.text, { status: answer.status, headers: pairs });
};
const options = { [openid.customFetch]: fetch };

async function adminPost(path: string, json: object): Promise<{ readonly [member: string]: unknown }> {
  const answer = await send(`${product.adminUrl}${path}`, { json, bearer: await rootToken(product) });
  expect(answer.status).toBe(201);
  return JSON.parse(answer.text) as { readonly [member: string]: unknown };
}

async function initialAccessToken(): Promise<string> {
  return String((await adminPost('/initial-access-tokens', { uses: 1, lifetime: '1m' }))['token']);
}

async function register(metadata: Partial<openid.ClientMetadata>, authentication?: openid.ClientAuth) {
  return openid.dynamicClientRegistration(
    new URL(product.issuer),
    { ...everything, ...metadata } as Partial<openid.ClientMetadata>,
    authentication,
    { ...options, initialAccessToken: await initialAccessToken() },
  );
}

/** What the client's callback is called with: a URL, or the request that the form_post page sends. */
async function visit(url: URL): Promise<URL | Request> {
  const { callback: called, answer } = await authorize(product, new Browser(), url.href, decision);
  if (answer.status !== 200) return called;
  expect(answer.headers['content-security-policy']).toMatch(/script-src 'sha256-/);
  const inputs = [...answer.text.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)];
  const decode = (text = ''): string =>
    unescapeHtml(text.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code))));
  const form = inputs.map(([, name, value]): [string, string] => [decode(name), decode(value)]);
  return new Request(callback, { method: 'POST', body: new URLSearchParams(form) });
}

/** A whole authorization code flow; answers what the token endpoint answered. */
async function login(config: openid.Configuration, more: Record<string, string> = {}) {
  const [verifier, nonce, state] = [openid.randomPKCECodeVerifier(), openid.randomNonce(), openid.randomState()];
  const url = openid.buildAuthorizationUrl(config, {
    redirect_uri: callback,
    scope: 'openid offline_access email',
    code_challenge: await openid.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    nonce,
    state,
    ...more,
  });
  const called = await visit(url);
  return openid.authorizationCodeGrant(config, called, {
    pkceCodeVerifier: verifier,
    expectedNonce: nonce,
    expectedState: state,
    idTokenExpected: true,
  });
}

beforeAll(async () => {
  database = await makeDatabase();
  await migrateSql(database.url);
  product = await startProduct({
    mode: 'host',
    databaseUrl: database.url,
    env: { DYNAMIC_REGISTRATION: 'initial-token' },
  });
  await adminPost('/keys/hydra.openid.id-token.ES256', { alg: 'ES256', kid: '' });
});
afterAll(async () => {
  await product?.stop();
  await database?.drop();
});

describe('openid-client', () => {
  it('discovers what this server does, and nothing that it does not', async () => {
    const config = await openid.discovery(new URL(product.issuer), 'any', undefined, openid.None(), options);
    const metadata = config.serverMetadata();
    expect(metadata).toMatchObject({
      issuer: product.issuer,
      registration_endpoint: `${product.issuer}/oauth2/register`,
      userinfo_endpoint: `${product.issuer}/userinfo`,
      claims_parameter_supported: true,
      request_parameter_supported: false,
    });
    expect(metadata.id_token_signing_alg_values_supported).toEqual(expect.arrayContaining(['RS256', 'ES256']));
    expect(metadata.response_modes_supported).toEqual(['query', 'fragment', 'form_post']);
  });

  it.each([
    [
      'client_secret_basic',
      (config: openid.Configuration) => openid.ClientSecretBasic(config.clientMetadata().client_secret),
    ],
    [
      'client_secret_post',
      (config: openid.Configuration) => openid.ClientSecretPost(config.clientMetadata().client_secret),
    ],
    ['none', () => openid.None()],
  ])('registers with %s, logs in, reads userinfo, refreshes', async (method, authentication) => {
    const registered = await register({ token_endpoint_auth_method: method });
    const { client_id } = registered.clientMetadata();
    const config = await openid.discovery(
      new URL(product.issuer),
      client_id,
      registered.clientMetadata(),
      authentication(registered),
      options,
    );
    openid.enableNonRepudiationChecks(config);
    const tokens = await login(config);
    expect(tokens.claims()).toMatchObject({ sub: 'alice', name: 'Alice', aud: client_id });
    const userinfo = await openid.fetchUserInfo(config, tokens.access_token, 'alice');
    expect(userinfo).toEqual({ sub: 'alice', email: 'alice@example.org', acr: '1' });
    const refreshed = await openid.refreshTokenGrant(config, tokens.refresh_token ?? '');
    expect(refreshed.claims()?.sub).toBe('alice');
  });

  it('registers with private_key_jwt and ES256 everywhere', async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
    const registered = await register(
      {
        token_endpoint_auth_method: 'private_key_jwt',
        token_endpoint_auth_signing_alg: 'ES256',
        jwks: { keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' }] } as never,
        id_token_signed_response_alg: 'ES256',
        userinfo_signed_response_alg: 'ES256',
      },
      openid.None(),
    );
    const metadata = registered.clientMetadata();
    const key = { key: privateKey as webcrypto.CryptoKey, kid: 'k1' };
    const config = await openid.discovery(
      new URL(product.issuer),
      metadata.client_id,
      metadata,
      openid.PrivateKeyJwt(key),
      options,
    );
    openid.enableNonRepudiationChecks(config);
    const tokens = await login(config, { response_mode: 'form_post' });
    expect(decodeProtectedHeader(tokens.id_token ?? '').alg).toBe('ES256');
    // The client verifies the JWT, its issuer and its audience.
    const userinfo = await openid.fetchUserInfo(config, tokens.access_token, 'alice');
    expect(userinfo).toMatchObject({ sub: 'alice', email: 'alice@example.org', aud: metadata.client_id });
  });

  it('gets claims by name, and the same pairwise subject everywhere', async () => {
    const registered = await register({ token_endpoint_auth_method: 'client_secret_basic', subject_type: 'pairwise' });
    const metadata = registered.clientMetadata();
    const config = await openid.discovery(
      new URL(product.issuer),
      metadata.client_id,
      metadata,
      openid.ClientSecretBasic(metadata.client_secret),
      options,
    );
    const claims = JSON.stringify({
      userinfo: { name: { essential: true } },
      id_token: { acr: { essential: true, values: ['1'] } },
    });
    const tokens = await login(config, { claims, scope: 'openid' });
    const subject = tokens.claims()?.sub ?? '';
    expect(subject).not.toBe('alice');
    expect(await openid.fetchUserInfo(config, tokens.access_token, subject)).toEqual({
      sub: subject,
      name: 'Alice',
      acr: '1',
    });
  });

  it('takes the hybrid and the implicit flow, in the fragment and by form_post', async () => {
    const registered = await register({ token_endpoint_auth_method: 'client_secret_basic' });
    const metadata = registered.clientMetadata();
    for (const mode of [{}, { response_mode: 'form_post' }]) {
      const hybrid = await openid.discovery(
        new URL(product.issuer),
        metadata.client_id,
        metadata,
        openid.ClientSecretBasic(metadata.client_secret),
        options,
      );
      openid.useCodeIdTokenResponseType(hybrid);
      expect((await login(hybrid, mode)).claims()?.sub).toBe('alice');
      const implicit = await openid.discovery(
        new URL(product.issuer),
        metadata.client_id,
        metadata,
        openid.None(),
        options,
      );
      openid.useIdTokenResponseType(implicit);
      const [nonce, state] = [openid.randomNonce(), openid.randomState()];
      const url = openid.buildAuthorizationUrl(implicit, {
        redirect_uri: callback,
        scope: 'openid',
        nonce,
        state,
        ...mode,
      });
      const idToken = await openid.implicitAuthentication(implicit, await visit(url), nonce, { expectedState: state });
      expect(idToken.sub).toBe('alice');
    }
  });

  it('manages its registration until it is deleted', async () => {
    const metadata = (await register({ client_name: 'Fotos' })).clientMetadata();
    const url = String(metadata['registration_client_uri']);
    const bearer = String(metadata['registration_access_token']);
    expect(JSON.parse((await send(url, { bearer })).text)).toMatchObject({ client_name: 'Fotos' });
    const put = await send(url, { method: 'PUT', bearer, json: { ...everything, client_id: metadata.client_id } });
    expect(put.status).toBe(200);
    const next = String((JSON.parse(put.text) as { registration_access_token: string }).registration_access_token);
    expect((await send(url, { bearer })).status).toBe(401);
    expect((await send(url, { method: 'DELETE', bearer: next })).status).toBe(204);
    expect((await send(url, { bearer: next })).status).toBe(401);
  });

  it('is refused without an initial access token', async () => {
    const answer = await send(`${product.issuer}/oauth2/register`, { json: everything });
    expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, 'Bearer error="invalid_token"']);
  });
});
