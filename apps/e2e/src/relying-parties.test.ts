import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { authorize } from './consent-player.js';
import { Browser, send } from './http.js';
import { makeDatabase, migrateSql, type Product, type ProductDatabase, rootToken, startProduct } from './product.js';

const SECRET = 'relying+party%secret';
const CALLBACK = 'https://rp.example/callback';
const LOOPBACK = 'http://127.0.0.1/callback';

/** `fetch` for the libraries, which takes the product's self-signed certificate. */
async function fetchHere(
  url: string,
  options: { method?: string; headers?: object; body?: unknown },
): Promise<Response> {
  const { method, headers, body } = options;
  const {
    status,
    headers: answered,
    text,
  } = await send(url, {
    ...(method !== undefined ? { method } : {}),
    headers: Object.fromEntries(Object.entries({ ...headers })),
    ...(body !== undefined && body !== null ? { body: String(body) } : {}),
  });
  const pairs = Object.entries(answered).map(([name, value]): [string, string] => [name, String(value)]);
  return new Response(text, { status, headers: pairs });
}

describe('relying parties that the OpenID Foundation certified', () => {
  let database: ProductDatabase;
  let product: Product;

  beforeAll(async () => {
    database = await makeDatabase();
    await migrateSql(database.url);
    product = await startProduct({ mode: 'host', databaseUrl: database.url });
    const bearer = await rootToken(product);
    const scope = 'openid offline email';
    const clients = [
      {
        id: 'rp',
        client_secret: SECRET,
        redirect_uris: [CALLBACK],
        grant_types: ['authorization_code', 'refresh_token', 'implicit', 'client_credentials'],
        response_types: ['code', 'token', 'id_token'],
        scope,
      },
      {
        id: 'native',
        public: true,
        redirect_uris: [LOOPBACK],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        scope,
      },
    ];
    for (const json of clients) {
      const answer = await send(`${product.adminUrl}/clients`, { bearer, json });
      expect(answer.status, answer.text).toBe(201);
    }
  }, 120_000);

  afterAll(async () => {
    await product?.stop();
    await database?.drop();
  });

  async function callbackOf(url: URL): Promise<URL> {
    return (await authorize(product, new Browser(), url.href)).callback;
  }

  describe('openid-client', () => {
    const authentications = {
      client_secret_basic: openid.ClientSecretBasic(SECRET),
      client_secret_post: openid.ClientSecretPost(SECRET),
    };

    function discover(authentication = authentications.client_secret_basic): Promise<openid.Configuration> {
      return openid.discovery(new URL(product.issuer), 'rp', undefined, authentication, {
        [openid.customFetch]: fetchHere,
      });
    }

    it.each(['client_secret_basic', 'client_secret_post'] as const)(
      'with %s: code with PKCE, nonce and max_age, then refresh, introspection and revocation',
      async (method) => {
        const config = await discover(authentications[method]);
        const [pkceCodeVerifier, expectedState, expectedNonce] = [
          openid.randomPKCECodeVerifier(),
          openid.randomState(),
          openid.randomNonce(),
        ];
        const url = openid.buildAuthorizationUrl(config, {
          redirect_uri: CALLBACK,
          scope: 'openid offline email',
          code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
          code_challenge_method: 'S256',
          state: expectedState,
          nonce: expectedNonce,
          max_age: '300',
        });
        const checks = { pkceCodeVerifier, expectedState, expectedNonce, maxAge: 300, idTokenExpected: true };
        const tokens = await openid.authorizationCodeGrant(config, await callbackOf(url), checks);
        expect(tokens.claims()).toMatchObject({ iss: product.issuer, aud: 'rp', sub: 'user:12345:dandean' });

        const refreshed = await openid.refreshTokenGrant(config, tokens.refresh_token ?? '');
        expect(refreshed.claims()?.sub).toBe('user:12345:dandean');
        const active = async (): Promise<boolean> =>
          (await openid.tokenIntrospection(config, refreshed.access_token)).active;
        expect(await active()).toBe(true);
        await openid.tokenRevocation(config, refreshed.refresh_token ?? '');
        expect(await active()).toBe(false);
      },
    );

    it('takes an ID token from the authorization endpoint (response type id_token)', async () => {
      const config = await discover();
      openid.useIdTokenResponseType(config);
      const [state, nonce] = [openid.randomState(), openid.randomNonce()];
      const parameters = { redirect_uri: CALLBACK, scope: 'openid', state, nonce };
      const callback = await callbackOf(openid.buildAuthorizationUrl(config, parameters));
      const claims = await openid.implicitAuthentication(config, callback, nonce, { expectedState: state });
      expect(claims).toMatchObject({ sub: 'user:12345:dandean', name: 'Dan Dean' });
    });

    it('takes code and ID token together and finds that they belong together (c_hash)', async () => {
      const config = await discover();
      openid.useCodeIdTokenResponseType(config);
      const [expectedState, expectedNonce] = [openid.randomState(), openid.randomNonce()];
      const parameters = { redirect_uri: CALLBACK, scope: 'openid', state: expectedState, nonce: expectedNonce };
      const callback = await callbackOf(openid.buildAuthorizationUrl(config, parameters));
      const tokens = await openid.authorizationCodeGrant(config, callback, { expectedState, expectedNonce });
      expect(tokens.claims()?.sub).toBe('user:12345:dandean');
    });

    it('gets tokens of its own, and reads what is refused', async () => {
      const config = await discover();
      expect(await openid.clientCredentialsGrant(config, { scope: 'email' })).toMatchObject({ scope: 'email' });
      await expect(openid.clientCredentialsGrant(config, { scope: 'unregistered' })).rejects.toMatchObject({
        error: 'invalid_scope',
        status: 400,
      });
      const url = openid.buildAuthorizationUrl(config, { redirect_uri: CALLBACK, scope: 'unregistered' });
      const { headers } = await send(url.href);
      const callback = new URL(headers.location ?? '');
      await expect(openid.authorizationCodeGrant(config, callback)).rejects.toMatchObject({ error: 'invalid_scope' });
    });
  });

  describe('oauth4webapi', () => {
    const options = { [oauth.customFetch]: fetchHere };

    async function discover(algorithm: 'oidc' | 'oauth2'): Promise<oauth.AuthorizationServer> {
      const issuer = new URL(product.issuer);
      return oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm, ...options }));
    }

    it('finds the same server under both well-known paths', async () => {
      expect((await discover('oauth2')).token_endpoint).toBe((await discover('oidc')).token_endpoint);
    });

    it('signs a public client in on any loopback port and verifies the signature', async () => {
      const server = await discover('oidc');
      const client = { client_id: 'native' };
      const redirectUri = 'http://127.0.0.1:43123/callback';
      const [verifier, state, nonce] = [
        oauth.generateRandomCodeVerifier(),
        oauth.generateRandomState(),
        oauth.generateRandomNonce(),
      ];
      const url = new URL(server.authorization_endpoint ?? '');
      url.search = new URLSearchParams({
        client_id: 'native',
        redirect_uri: redirectUri,
        response_type: 'code',
        scope: 'openid offline',
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        state,
        nonce,
      }).toString();
      const parameters = oauth.validateAuthResponse(server, client, await callbackOf(url), state);
      const redeem = (): Promise<Response> =>
        oauth.authorizationCodeGrantRequest(server, client, oauth.None(), parameters, redirectUri, verifier, options);
      const answer = await redeem();
      const tokens = await oauth.processAuthorizationCodeResponse(server, client, answer, {
        expectedNonce: nonce,
        requireIdToken: true,
      });
      await oauth.validateApplicationLevelSignature(server, answer, options);
      await expect(
        redeem().then((again) => oauth.processAuthorizationCodeResponse(server, client, again)),
      ).rejects.toMatchObject({ error: 'invalid_grant' });

      const refresh = tokens.refresh_token ?? '';
      const refreshed = await oauth.processRefreshTokenResponse(
        server,
        client,
        await oauth.refreshTokenGrantRequest(server, client, oauth.None(), refresh, options),
      );
      const revocation = await oauth.revocationRequest(server, client, oauth.None(), refreshed.access_token, options);
      expect(await oauth.processRevocationResponse(revocation)).toBeUndefined();
    });
  });
});
