import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

type Claims = Readonly<Record<string, unknown>>;

/** An OpenID provider as far as its clients see it: discovery, keys, authorization code with PKCE, ID token, userinfo. */
export type FakeOpenIdProvider = {
  readonly issuer: string;
  /** Members of the next ID tokens that differ from the right ones. */
  idToken: Claims;
  userinfo: Claims;
  /** Lets the user sign in for an authorization request: the URL that the browser is sent back to. */
  signIn(authorizationUrl: string): string;
  close(): Promise<void>;
};

const clientId = 'the-consent-app';

/** Starts one on loopback. Its user is `alice`. */
export async function startFakeOpenIdProvider(now: () => number): Promise<FakeOpenIdProvider> {
  const { privateKey, publicKey } = await generateKeyPair('RS256');
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' };
  const requests = new Map<string, URLSearchParams>();

  async function tokens(form: URLSearchParams): Promise<{ status: number; body: Claims }> {
    const request = requests.get(form.get('code') ?? '');
    requests.delete(form.get('code') ?? '');
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    if (request?.get('code_challenge') !== challenge) return { status: 400, body: { error: 'invalid_grant' } };
    const seconds = Math.floor(now() / 1000);
    const claims = { iss: provider.issuer, aud: clientId, sub: 'alice', nonce: request.get('nonce'), amr: ['hwk'] };
    const idToken = await new SignJWT({ ...claims, iat: seconds, exp: seconds + 300, ...provider.idToken })
      .setProtectedHeader({ alg: 'RS256', kid: 'k1' })
      .sign(privateKey);
    return { status: 200, body: { access_token: 'at', token_type: 'Bearer', expires_in: 300, id_token: idToken } };
  }

  async function answer(request: IncomingMessage): Promise<{ status: number; body: Claims }> {
    const path = new URL(request.url ?? '', provider.issuer).pathname;
    switch (path) {
      case '/.well-known/openid-configuration':
        return {
          status: 200,
          body: {
            issuer: provider.issuer,
            authorization_endpoint: `${provider.issuer}/auth`,
            token_endpoint: `${provider.issuer}/token`,
            userinfo_endpoint: `${provider.issuer}/userinfo`,
            jwks_uri: `${provider.issuer}/jwks`,
            response_types_supported: ['code'],
            id_token_signing_alg_values_supported: ['RS256'],
          },
        };
      case '/jwks':
        return { status: 200, body: { keys: [jwk] } };
      case '/token':
        return tokens(new URLSearchParams(await text(request)));
      case '/userinfo':
        return { status: 200, body: provider.userinfo };
      default:
        return { status: 404, body: {} };
    }
  }

  const http = createServer((request: IncomingMessage, response: ServerResponse) => {
    void answer(request).then(({ status, body }) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const provider: FakeOpenIdProvider = {
    issuer: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    idToken: {},
    userinfo: {},
    signIn(authorizationUrl) {
      const query = new URL(authorizationUrl).searchParams;
      const code = randomUUID();
      requests.set(code, query);
      const back = new URL(query.get('redirect_uri') ?? '');
      back.search = new URLSearchParams({ code, state: query.get('state') ?? '' }).toString();
      return back.href;
    },
    close: () => new Promise((resolve) => http.close(() => resolve())),
  };
  return provider;
}
