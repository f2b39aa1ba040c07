import type { webcrypto } from 'node:crypto';
import type { OAuth2Api } from '@ory/hydra-client';
import { exportJWK, generateKeyPair } from 'jose';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { app, authorizeInSession } from './conformance/session-player.js';
import { callback, type CallbackResponse, openSuite, type Suite } from './conformance/suite.js';
import { Browser, send } from './http.js';
import { hydraSdk } from './hydra-sdk.js';
import { rootToken } from './product.js';

/** How a client authenticates, as both libraries do it; userinfo comes signed where the registration says so. */
type Row = {
  readonly method: string;
  readonly metadata: object;
  readonly oauth4webapi: (secret: string) => oauth.ClientAuth;
  readonly openidClient: (secret: string) => openid.ClientAuth;
};

const pair = await generateKeyPair('ES256', { extractable: true });
const key = { key: pair.privateKey as webcrypto.CryptoKey, kid: 'k1' };
const jwks = { keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' }] };

const rows: readonly Row[] = [
  {
    method: 'client_secret_basic',
    metadata: {},
    oauth4webapi: oauth.ClientSecretBasic,
    openidClient: openid.ClientSecretBasic,
  },
  {
    method: 'client_secret_post',
    metadata: { userinfo_signed_response_alg: 'RS256' },
    oauth4webapi: oauth.ClientSecretPost,
    openidClient: openid.ClientSecretPost,
  },
  {
    method: 'private_key_jwt',
    metadata: { userinfo_signed_response_alg: 'RS256', token_endpoint_auth_signing_alg: 'ES256', jwks },
    oauth4webapi: () => oauth.PrivateKeyJwt(key),
    openidClient: () => openid.PrivateKeyJwt(key),
  },
  { method: 'none', metadata: {}, oauth4webapi: oauth.None, openidClient: openid.None },
];

/** `fetch` for the libraries, which takes the product's self-signed certificate. */
async function fetchHere(
  url: string,
  options: { method?: string; headers?: object; body?: unknown },
): Promise<Response> {
  const { method, headers, body } = options;
  const answer = await send(url, {
    ...(method !== undefined ? { method } : {}),
    headers: Object.fromEntries(Object.entries({ ...headers })),
    ...(body !== undefined && body !== null ? { body: String(body) } : {}),
  });
  const pairs = Object.entries(answer.headers).map(([name, value]): [string, string] => [name, String(value)]);
  return new Response(answer.text, { status: answer.status, headers: pairs });
}

let suite: Suite;
let api: OAuth2Api;
beforeAll(async () => {
  suite = await openSuite({ LOGIN_URL: app.login, CONSENT_URL: app.consent });
  api = await hydraSdk(suite.product);
}, 120_000);
afterAll(() => suite?.close());

/** Lets a user log in and consent by challenges; answers what the client's callback is called with. */
async function visit(url: URL): Promise<URL | Request> {
  const session = { suite, api, browser: new Browser() };
  const { response } = await authorizeInSession(session, Object.fromEntries(url.searchParams));
  return response.via === 'form_post' ? posted(response) : response.url;
}

function posted({ url, parameters }: CallbackResponse): Request {
  return new Request(url, { method: 'POST', body: new URLSearchParams(parameters) });
}

async function register({ method, metadata }: Row): Promise<oauth.Client & { readonly client_secret?: string }> {
  const answer = await suite.tryRegister({
    redirect_uris: [callback],
    grant_types: ['authorization_code', 'refresh_token', 'implicit'],
    response_types: ['code', 'code id_token', 'id_token'],
    token_endpoint_auth_method: method,
    ...metadata,
  });
  const { status, text, headers } = answer;
  const type = headers['content-type'] ?? '';
  const response = new Response(text, { status, headers: { 'content-type': type } });
  return (await oauth.processDynamicClientRegistrationResponse(response)) as oauth.Client;
}

/** A client for itself, which an operator makes: client_credentials is no grant of dynamic registration. */
async function registerService({ method, metadata }: Row): Promise<oauth.Client & { readonly client_secret?: string }> {
  const secret = 'a-long-secret-of-the-service';
  const answer = await send(`${suite.product.adminUrl}/admin/clients`, {
    bearer: await rootToken(suite.product),
    json: {
      ...{ grant_types: ['client_credentials'], response_types: [], redirect_uris: [], scope: 'photos' },
      ...{ token_endpoint_auth_method: method, ...metadata },
      ...(method === 'private_key_jwt' ? {} : { client_secret: secret }),
    },
  });
  expect(answer.status, answer.text).toBe(201);
  return { ...(JSON.parse(answer.text) as oauth.Client), client_secret: secret };
}

/** RFC 7592: read, replaced and deleted by its registration access token, which is another one after each change. */
async function manage(client: oauth.Client): Promise<void> {
  const url = String(client['registration_client_uri']);
  const bearer = String(client['registration_access_token']);
  const read = JSON.parse((await send(url, { bearer })).text) as { readonly [name: string]: unknown };
  expect(read['client_id']).toBe(client.client_id);
  const kept = ['redirect_uris', 'grant_types', 'response_types', 'token_endpoint_auth_method', 'jwks'] as const;
  const wanted = Object.fromEntries(kept.map((name) => [name, client[name]]));
  const json = { ...wanted, client_id: client.client_id, client_name: 'renamed' };
  const put = await send(url, { method: 'PUT', bearer, json });
  expect(put.status, put.text).toBe(200);
  const next = JSON.parse(put.text) as { readonly client_name: string; readonly registration_access_token: string };
  expect(next.client_name).toBe('renamed');
  const remove = { method: 'DELETE', bearer: next.registration_access_token };
  expect([(await send(url, remove)).status, (await send(url, remove)).status]).toEqual([204, 401]);
}

describe.each(rows)('a client that authenticates by $method, with login and consent by challenges', (row) => {
  const confidential = row.method !== 'none';

  it('runs every flow on oauth4webapi', async () => {
    const options = { [oauth.customFetch]: fetchHere };
    const issuer = new URL(suite.product.issuer);
    const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, options));
    const client = await register(row);
    const authentication = row.oauth4webapi(client.client_secret ?? '');
    const verifier = oauth.generateRandomCodeVerifier();
    const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()];

    async function ask(more: Readonly<Record<string, string>>): Promise<URL | Request> {
      const url = new URL(server.authorization_endpoint ?? '');
      url.search = new URLSearchParams({
        ...{ client_id: client.client_id, redirect_uri: callback, scope: 'openid offline_access email', state, nonce },
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        ...more,
      }).toString();
      return visit(url);
    }

    async function redeem(parameters: URLSearchParams) {
      const request = [server, client, authentication, parameters, callback, verifier, options] as const;
      const answer = await oauth.authorizationCodeGrantRequest(...request);
      const expected = { expectedNonce: nonce, requireIdToken: true };
      const tokens = await oauth.processAuthorizationCodeResponse(server, client, answer, expected);
      await oauth.validateApplicationLevelSignature(server, answer, options);
      return tokens;
    }

    for (const mode of [{}, { response_mode: 'form_post' }]) {
      const hybrid = await ask({ response_type: 'code id_token', ...mode });
      const parts = [server, client, hybrid, nonce, state, oauth.skipAuthTimeCheck, options] as const;
      await redeem(await oauth.validateCodeIdTokenResponse(...parts));
    }
    const called = (await ask({ response_type: 'code' })) as URL;
    const tokens = await redeem(oauth.validateAuthResponse(server, client, called, state));

    const userinfo = await oauth.userInfoRequest(server, client, tokens.access_token, options);
    const claims = await oauth.processUserInfoResponse(server, client, 'alice', userinfo);
    expect(claims.email).toBe('alice@example.org');
    if (userinfo.headers.get('content-type')?.startsWith('application/jwt') === true)
      await oauth.validateApplicationLevelSignature(server, userinfo, options);

    const refreshing = [server, client, authentication, tokens.refresh_token ?? '', options] as const;
    const refreshed = await oauth.processRefreshTokenResponse(
      ...([server, client, await oauth.refreshTokenGrantRequest(...refreshing)] as const),
    );
    const introspect = async (token: string) => {
      const answer = await oauth.introspectionRequest(server, client, authentication, token, options);
      return oauth.processIntrospectionResponse(server, client, answer);
    };
    if (confidential) {
      const service = await registerService(row);
      const proof = row.oauth4webapi(service.client_secret ?? '');
      const own = await oauth.clientCredentialsGrantRequest(server, service, proof, { scope: 'photos' }, options);
      const { access_token: token } = await oauth.processClientCredentialsResponse(server, service, own);
      expect(await introspect(token)).toMatchObject({ active: true, sub: service.client_id, scope: 'photos' });
      expect(await introspect(refreshed.access_token)).toMatchObject({ active: true, sub: 'alice' });
    }
    const revoked = await oauth.revocationRequest(server, client, authentication, refreshed.access_token, options);
    expect(await oauth.processRevocationResponse(revoked)).toBeUndefined();
    if (confidential) expect(await introspect(refreshed.access_token)).toEqual({ active: false });
    const gone = await oauth.userInfoRequest(server, client, refreshed.access_token, options);
    expect(gone.status).toBe(401);
    await manage(client);
  }, 120_000);

  it('runs every flow on openid-client', async () => {
    const registered = await register(row);
    const configure = async (client = registered) => {
      const authentication = row.openidClient(client.client_secret ?? '');
      const metadata = client as unknown as openid.ClientMetadata;
      const options = { [openid.customFetch]: fetchHere as openid.CustomFetch };
      const issuer = new URL(suite.product.issuer);
      const config = await openid.discovery(issuer, client.client_id, metadata, authentication, options);
      openid.enableNonRepudiationChecks(config);
      return config;
    };

    async function login(config: openid.Configuration, more: Readonly<Record<string, string>> = {}) {
      const [verifier, nonce, state] = [openid.randomPKCECodeVerifier(), openid.randomNonce(), openid.randomState()];
      const url = openid.buildAuthorizationUrl(config, {
        ...{ redirect_uri: callback, scope: 'openid offline_access email', nonce, state },
        code_challenge: await openid.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        ...more,
      });
      return openid.authorizationCodeGrant(config, await visit(url), {
        ...{ pkceCodeVerifier: verifier, expectedNonce: nonce, expectedState: state, idTokenExpected: true },
      });
    }

    const config = await configure();
    await login(config, { response_mode: 'form_post' });
    const tokens = await login(config);
    expect(tokens.claims()).toMatchObject({ sub: 'alice', aud: registered.client_id });
    const userinfo = await openid.fetchUserInfo(config, tokens.access_token, 'alice');
    expect(userinfo.email).toBe('alice@example.org');
    const refreshed = await openid.refreshTokenGrant(config, tokens.refresh_token ?? '');
    expect(refreshed.claims()?.sub).toBe('alice');

    const hybrid = await configure();
    openid.useCodeIdTokenResponseType(hybrid);
    for (const mode of [{}, { response_mode: 'form_post' }])
      expect((await login(hybrid, mode)).claims()?.sub).toBe('alice');
    const implicit = await configure();
    openid.useIdTokenResponseType(implicit);
    const [nonce, state] = [openid.randomNonce(), openid.randomState()];
    const asked = { redirect_uri: callback, scope: 'openid', nonce, state };
    const called = await visit(openid.buildAuthorizationUrl(implicit, asked));
    const expected = { expectedState: state };
    expect((await openid.implicitAuthentication(implicit, called, nonce, expected)).sub).toBe('alice');

    if (confidential) {
      const service = await registerService(row);
      const own = await openid.clientCredentialsGrant(await configure(service), { scope: 'photos' });
      const active = { active: true, client_id: service.client_id };
      expect(await openid.tokenIntrospection(config, own.access_token)).toMatchObject(active);
    }
    await openid.tokenRevocation(config, refreshed.access_token);
    await expect(openid.fetchUserInfo(config, refreshed.access_token, 'alice')).rejects.toThrow();
    await manage(registered);
  }, 120_000);
});
