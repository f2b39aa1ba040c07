import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type ChallengeApi, createChallengeApi } from './challenge-api.js';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, jwtVerify, SignJWT } from 'jose';

/**
 * An authorization server as far as a login and consent app sees it: discovery, token endpoint, the challenge API, and for the
 * flow of 0.9 two keys and one client.
 */
export type FakeAuthorizationServer = {
  readonly url: string;
  /** Requests seen, as `METHOD path`. */
  readonly requests: string[];
  /** What the token endpoint and the keys answer; changed by tests. */
  behaviour: { tokenStatus: number; challengeKeyStatus: number; responseKeyStatus: number; expiresIn: number };
  /** Makes every access token issued so far unknown. */
  revokeTokens(): void;
  signChallenge(claims?: Record<string, unknown>, key?: CryptoKey, alg?: string): Promise<string>;
  verifyConsent(jwt: string, now: number): Promise<JWTPayload>;
  readonly challengePublicKey: JWK;
  /** Its issuer, which has another name than the URL that the app reaches it by. */
  readonly issuer: string;
  readonly challenges: ChallengeApi;
  close(): Promise<void>;
};

export const CLIENT_ID = 'consent-app';
export const CLIENT_SECRET = 'consent+secret/%';

/** Starts the fake server on a free loopback port. `now` (milliseconds) is what challenges are dated by. */
export async function startFakeAuthorizationServer(now: () => number): Promise<FakeAuthorizationServer> {
  const challengeKeys = await generateKeyPair('RS256', { extractable: true });
  const responseKeys = await generateKeyPair('RS256', { extractable: true });
  const challengePublicKey = await exportJWK(challengeKeys.publicKey);
  const { kty, n, e, d, p, q } = await exportJWK(responseKeys.privateKey);
  // As a server of 2017 exports it: without dp, dq and qi.
  const responsePrivateKey = { use: 'sig', kid: 'private', kty, n, e, d, p, q };
  const issuer = 'https://as.example';
  const challenges = createChallengeApi(issuer);
  const tokens = new Set<string>();
  const requests: string[] = [];
  const behaviour = { tokenStatus: 200, challengeKeyStatus: 200, responseKeyStatus: 200, expiresIn: 3600 };

  const keys: Record<string, { status: () => number; key: unknown }> = {
    '/keys/hydra.consent.challenge/public': { status: () => behaviour.challengeKeyStatus, key: challengePublicKey },
    '/keys/hydra.consent.response/private': { status: () => behaviour.responseKeyStatus, key: responsePrivateKey },
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    requests.push(`${request.method ?? ''} ${path}`);
    const send = (status: number, body: unknown, link?: string): void => {
      const headers = { 'content-type': 'application/json', ...(link !== undefined ? { link } : {}) };
      response.writeHead(status, headers).end(JSON.stringify(body));
    };
    if (path === '/.well-known/openid-configuration') return send(200, { issuer });
    if (path === '/oauth2/token') {
      const form = new URLSearchParams(await text(request));
      const [id, secret] = Buffer.from(request.headers.authorization?.slice('Basic '.length) ?? '', 'base64')
        .toString()
        .split(':')
        .map((part) => decodeURIComponent(part.replaceAll('+', ' ')));
      const known = id === CLIENT_ID && secret === CLIENT_SECRET && form.get('grant_type') === 'client_credentials';
      if (!known) return send(401, { error: 'invalid_client' });
      if (behaviour.tokenStatus !== 200) return send(behaviour.tokenStatus, { error: 'invalid_scope' });
      const token = `ct_at_${tokens.size}_${requests.length}`;
      tokens.add(token);
      return send(200, {
        access_token: token,
        token_type: 'bearer',
        expires_in: behaviour.expiresIn,
        scope: form.get('scope'),
      });
    }
    if (!tokens.has(request.headers.authorization?.slice('Bearer '.length) ?? ''))
      return send(401, { error: 'unauthorized' });
    const decided = await challenges.answer(request);
    if (decided !== undefined) {
      if (decided.body !== undefined) return send(decided.status, decided.body, decided.link);
      response.writeHead(decided.status).end();
      return;
    }
    if (path === '/clients/some-consumer')
      return send(200, { id: 'some-consumer', client_name: 'Some <b>Consumer</b> \u202eevil' });
    const entry = keys[path];
    if (entry === undefined) return send(404, { error: 'not_found' });
    return send(entry.status(), entry.status() === 200 ? { keys: [entry.key] } : { error: 'refused' });
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    url,
    issuer,
    challenges,
    requests,
    behaviour,
    challengePublicKey,
    revokeTokens: () => tokens.clear(),
    signChallenge(claims = {}, key = challengeKeys.privateKey, alg = 'RS256') {
      const query = new URLSearchParams({
        client_id: 'some-consumer',
        redirect_uri: 'http://localhost:9010/callback',
        response_type: 'code',
        scope: 'openid offline profile email',
        state: 'abcdefghij',
      });
      return new SignJWT({
        aud: 'some-consumer',
        exp: Math.floor(now() / 1000) + 600,
        jti: '55a09353-0000-4000-8000-000000000000',
        redir: `${url}/oauth2/auth?${query.toString()}`,
        scp: ['openid', 'offline', 'profile', 'email'],
        ...claims,
      })
        .setProtectedHeader({ alg, typ: 'JWT' })
        .sign(key);
    },
    async verifyConsent(jwt, at) {
      const { payload } = await jwtVerify(jwt, responseKeys.publicKey, {
        algorithms: ['RS256'],
        currentDate: new Date(at),
      });
      return payload;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
