import { createMemoryResourceServerStore } from './memory-resource-server-store.js';
import { createLocalAccessTokenSigner } from './local-access-token-signer.js';
import { createHmac, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import type { Jwk } from '@castellan/jwk';
import { expect } from 'vitest';
import type { Client } from '../client.js';
import type { ConsentChallenge } from '../consent/challenge.js';
import { type Cookie, createFlowCookies, type FlowCookieKey } from '../consent/flow-cookie.js';
import { defaultLifetimes } from '../lifetimes.js';
import type { Parameter } from '../parameters.js';
import { createMemoryAuthorizationRequestStore } from '../testing/memory-authorization-request-store.js';
import { createMemoryConsentStore } from '../testing/memory-consent-store.js';
import { createMemoryLoginSessionStore } from '../testing/memory-login-session-store.js';
import { createChallengeText } from '../interaction/challenge-text.js';
import { createSessionCookies } from '../interaction/session-cookie.js';
import { createMemoryClientStore } from '../testing/memory-client-store.js';
import { createMemoryTokenStore } from '../testing/memory-token-store.js';
import { createClientKeys } from '../client-keys.js';
import { createMemoryWeb } from './memory-web.js';
import { createSubjectIdentifier } from '../subject-identifier.js';
import { sampleClient } from '../testing/sample-client.js';
import { createTokenText, tokenBucket } from '../token/token-text.js';
import { authorize } from '../authorization/authorize.js';
import type { AuthorizationRequestStore } from '../authorization/authorization-request-store.js';
import type { AuthorizationSettings, AuthorizationTools, AuthorizeOutcome } from '../authorization/flow.js';

/** A pair of RSA keys as the tests hold it. */
export type TestKey = { readonly privateKey: KeyObject; readonly jwk: Jwk };

/** Claims of a consent response; a member set to undefined is left out. */
export type ResponseClaims = { readonly [claim: string]: unknown };

export const issuer = 'https://issuer.example';
export const consentUrl = 'https://consent.example/consent';
export const loginUrl = 'https://login.example/login';
export const callback = 'https://rp.example/cb';
export const startTime = 1_800_000_000_000;

export const challengeKey = newTestKey();
export const responseKey = newTestKey();
export const idTokenKey = newTestKey();

const algorithms: Readonly<Record<string, string>> = { RS256: 'sha256', RS384: 'sha384', RS512: 'sha512' };

export function newTestKey(modulusLength = 2048): TestKey {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength });
  return { privateKey, jwk: publicKey.export({ format: 'jwk' }) as Jwk };
}

/** A JWS over any header and payload, sound or not. */
export function signTestJwt(claims: unknown, key: TestKey, header: object = { alg: 'RS256', typ: 'JWT' }): string {
  const text = typeof claims === 'string' ? claims : JSON.stringify(claims);
  const input = `${encode(JSON.stringify(header))}.${encode(text)}`;
  const digest = algorithms[(header as { alg?: string }).alg ?? ''] ?? 'sha256';
  return `${input}.${sign(digest, Buffer.from(input), key.privateKey).toString('base64url')}`;
}

/** The same with an HMAC, as an attacker makes it who takes the public key for a secret. */
export function hmacTestJwt(claims: unknown, secret: string | Buffer): string {
  const input = `${encode('{"alg":"HS256","typ":"JWT"}')}.${encode(JSON.stringify(claims))}`;
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64url');
}

/** The payload of a JWS, not verified. */
export function claimsOf<T = Record<string, unknown>>(jws: string): T {
  return JSON.parse(Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString('utf8')) as T;
}

/** The parameters of an authorization response, from query or fragment. */
export function responseOf(outcome: AuthorizeOutcome): Record<string, string> {
  return Object.fromEntries(partsOf(outcome).parameters);
}

/** Where an outcome sends the browser: target without parameters, where they are, and the parameters. */
export function partsOf(outcome: AuthorizeOutcome) {
  if (outcome.kind === 'error-page') throw new Error(`an error page: ${outcome.error.message}`);
  if ('form' in outcome && outcome.form !== undefined) {
    const parameters = new URLSearchParams(outcome.form.map(({ name, value }): [string, string] => [name, value]));
    return { target: outcome.location, mode: 'form_post', parameters };
  }
  const url = new URL(outcome.location);
  const mode = url.hash === '' ? 'query' : 'fragment';
  return {
    target: outcome.location.split(/[?#]/)[0] ?? '',
    mode,
    parameters: new URLSearchParams(mode === 'query' ? url.search : url.hash.slice(1)),
  };
}

/** The challenge that an outcome sends to the consent app. */
export function challengeOf(outcome: AuthorizeOutcome): ConsentChallenge {
  if (outcome.kind !== 'to-consent') throw new Error(`not sent to the consent app but ${outcome.kind}`);
  return claimsOf<ConsentChallenge>(new URL(outcome.location).searchParams.get('challenge') ?? '');
}

/** An authorization endpoint over memory stores, with a fixed clock that tests move. */
export async function createAuthorizationHarness(changes: Partial<AuthorizationSettings> = {}) {
  let time = startTime;
  const now = (): number => time;
  const clients = createMemoryClientStore();
  const tokens = createMemoryTokenStore({ clients, now });
  const sessions = createMemoryLoginSessionStore({ tokens, now });
  const consents = createMemoryConsentStore({ clients, tokens, now });
  const requests: AuthorizationRequestStore = createMemoryAuthorizationRequestStore({
    clients,
    outcomes: tokens,
    now,
    sessions,
    consents,
  });
  const cookieKeys: [FlowCookieKey] = [{ id: randomBytes(4), key: randomBytes(32) }];
  const tokenText = createTokenText({ keys: [{ id: randomBytes(4), key: randomBytes(32) }], issuer, randomBytes });
  const responseKeys = { known: [responseKey.jwk], published: [responseKey.jwk], refreshed: 0 };
  const resourceServers = createMemoryResourceServerStore();
  const web = createMemoryWeb();
  const outages = { idToken: false };

  const tools: AuthorizationTools = {
    settings: {
      issuer,
      consentUrl,
      stateMinLength: 0,
      requirePkce: false,
      legacyErrorRedirect: false,
      pendingRequestsPerClient: 100,
      pendingRequestsPerAddress: 100,
      flow: 'jwt',
      loginUrl,
      loginSessionMs: 30 * 86_400_000,
      ...changes,
    },
    clients,
    requests,
    sessions,
    consents,
    sessionCookies: createSessionCookies({ keys: cookieKeys, randomBytes }),
    challenges: createChallengeText({ keys: [randomBytes(32)] }),
    hashAddress: (address) => (address === '' ? undefined : address),
    mint: { tokenText, lifetimes: defaultLifetimes, now, randomBytes },
    cookies: createFlowCookies({ keys: cookieKeys, lifetimeMs: defaultLifetimes.challengeMs, now, randomBytes }),
    signChallenge: async (challenge) => signTestJwt(challenge, challengeKey),
    responseKeys: {
      current: async () => responseKeys.known,
      refresh: async () => {
        responseKeys.refreshed++;
        return (responseKeys.known = responseKeys.published);
      },
    },
    idTokenKeys: async () => [{ ...idTokenKey.jwk, alg: 'RS256' }],
    requestUris: {
      fetch: web.fetch,
      keys: createClientKeys({ fetch: web.fetch, now }),
      unsigned: false,
    },
    subjectIdentifier: createSubjectIdentifier(randomBytes(32)),
    accessTokenSigner: createLocalAccessTokenSigner(),
    resourceServers,
    idTokenSigner: {
      algorithm: async () => 'RS256',
      sign: async (claims) => {
        if (outages.idToken) throw new Error('the key manager is down');
        return { jws: signTestJwt(claims, idTokenKey), algorithm: 'RS256' };
      },
    },
  };

  async function register(client: Partial<Client> = {}): Promise<void> {
    await clients.insert(sampleClient({ redirectUris: [callback], ...client }), undefined);
  }

  /** A browser with a cookie jar of its own. */
  function openBrowser(secure = true, remoteAddress = '') {
    const jar = new Map<string, string>();

    async function send(parameters: readonly Parameter[]): Promise<AuthorizeOutcome> {
      const cookies: Cookie[] = [...jar].map(([name, value]) => ({ name, value }));
      const outcome = await authorize({ parameters, cookies, secure, remoteAddress }, tools);
      for (const { name, value } of outcome.cookies) {
        if (value === '') jar.delete(name);
        else jar.set(name, value);
      }
      return outcome;
    }

    return {
      jar,
      send,
      /** A request by its parameters; undefined leaves one out. */
      start(parameters: { readonly [name: string]: string | undefined }): Promise<AuthorizeOutcome> {
        return send(
          Object.entries(parameters).flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }])),
        );
      },
      /** Follows a link to the authorization endpoint. */
      follow(link: string): Promise<AuthorizeOutcome> {
        return send([...new URL(link).searchParams].map(([name, value]) => ({ name, value })));
      },
    };
  }

  /** What a consent app answers that grants everything, changed as the test says. */
  function responseClaims(challenge: ConsentChallenge, changed: ResponseClaims = {}): ResponseClaims {
    return {
      jti: challenge.jti,
      aud: challenge.aud,
      exp: challenge.exp,
      scp: challenge.scp ?? [],
      sub: 'user:12345:dandean',
      at_ext: { a: 1 },
      id_ext: { name: 'Dan Dean' },
      iat: Math.floor(now() / 1000),
      ...changed,
    };
  }

  return {
    tools,
    clients,
    tokens,
    requests,
    sessions,
    consents,
    resourceServers,
    tokenText,
    cookieKeys,
    responseKeys,
    outages,
    web,
    now,
    register,
    openBrowser,
    responseClaims,
    /** A consent response that grants everything, changed as the test says, signed with the right key. */
    respond(challenge: ConsentChallenge, changed: ResponseClaims = {}): string {
      return signTestJwt(responseClaims(challenge, changed), responseKey);
    },
    /** The code of a response as the token endpoint would find it. */
    async findCode(text: string | undefined) {
      const key = tokenText.parse(text ?? '', 'authorization_code');
      return key === undefined ? undefined : tokens.findAuthorizationCode(key);
    },
    async findAccessToken(text: string | undefined) {
      const key = tokenText.parse(text ?? '', 'access_token');
      return key === undefined ? undefined : tokens.findActiveAccessToken(key);
    },
    hourBucket: () => tokenBucket('access_token', now()),
    advance(milliseconds: number): void {
      time += milliseconds;
    },
  };
}

export type AuthorizationHarness = Awaited<ReturnType<typeof createAuthorizationHarness>>;

type RequestParameters = { readonly [name: string]: string | undefined };

/** A request that is valid for the client of `createConsentFlow`. */
export const validRequest: RequestParameters = {
  client_id: 'conf',
  redirect_uri: callback,
  response_type: 'code',
  scope: 'openid offline',
  state: 'abcdefghij',
  nonce: 'n-0S6_WzA2Mj',
};

/** A client registered for every response type, and a browser on its way to the consent app and back. */
export async function createConsentFlow(secure = true) {
  const harness = await createAuthorizationHarness();
  await harness.register({
    redirectUris: [callback, `${callback}?x=1`],
    responseTypes: ['code', 'token', 'id_token'],
    grantTypes: ['authorization_code', 'implicit'],
    scopes: ['openid', 'offline', 'photos'],
  });
  const browser = harness.openBrowser(secure);
  return {
    harness,
    browser,
    async start(changes: RequestParameters = {}): Promise<ConsentChallenge> {
      return challengeOf(await browser.start({ ...validRequest, ...changes }));
    },
    comeBack(challenge: ConsentChallenge, consent: string): Promise<AuthorizeOutcome> {
      return browser.follow(`${challenge.redir}&consent=${consent}`);
    },
  };
}

/** Fails unless the client is told `access_denied`, and nothing more. */
export function expectDenied(outcome: AuthorizeOutcome, state = validRequest['state']): void {
  expect(outcome.kind).toBe('error-to-client');
  expect(partsOf(outcome).target).toBe(callback);
  expect(responseOf(outcome)).toEqual({
    error: 'access_denied',
    error_description: 'The resource owner or authorization server denied the request',
    state,
    iss: issuer,
  });
}
