import { createHash, randomBytes } from 'node:crypto';
import { createRemoteJWKSet, customFetch, decodeProtectedHeader, type JWTPayload, jwtVerify } from 'jose';
import { createTestDatabase } from '@castellan/postgres/testing';
import { expect } from 'vitest';
import { authorize, type Decision } from '../consent-player.js';
import { type Answer, Browser, type Request, send, unescapeHtml } from '../http.js';
import { type Product, rootToken, startProduct } from '../product.js';

/** Where the suite is called back, and the same with a query, as its second client registers it. */
export const callback = 'https://suite.example/test/a/castellan/callback';
export const secondCallback = `${callback}?dummy1=lorem&dummy2=ipsum`;

/** How an answer comes: as the response type has it, or by form_post. */
export type ResponseMode = 'default' | 'form_post';

/** Every claim of the standard scopes, as the consent app tells them of its test user. */
export const standardClaims = {
  name: 'Alice Liddell',
  given_name: 'Alice',
  family_name: 'Liddell',
  middle_name: 'Pleasance',
  nickname: 'Al',
  preferred_username: 'alice',
  profile: 'https://alice.example/',
  picture: 'https://alice.example/picture.png',
  website: 'https://alice.example/blog',
  gender: 'female',
  birthdate: '1852-05-04',
  zoneinfo: 'Europe/London',
  locale: 'en-GB',
  updated_at: 1_790_000_000,
  email: 'alice@example.org',
  email_verified: true,
  address: { formatted: 'Christ Church\nOxford', locality: 'Oxford', country: 'GB' },
  phone_number: '+44 1865 276150',
  phone_number_verified: false,
} as const;

/** The claims of each scope (OpenID Connect Core section 5.4). */
export const claimsOfScope: { readonly [scope: string]: readonly string[] } = {
  profile: [
    ...['name', 'given_name', 'family_name', 'middle_name', 'nickname', 'preferred_username', 'profile', 'picture'],
    ...['website', 'gender', 'birthdate', 'zoneinfo', 'locale', 'updated_at'],
  ],
  email: ['email', 'email_verified'],
  address: ['address'],
  phone: ['phone_number', 'phone_number_verified'],
};

/** A client of the suite. */
export type SuiteClient = {
  readonly id: string;
  readonly secret: string;
  readonly metadata: { readonly [name: string]: unknown };
};

/** The product under test, in the conformance profile, and what the suite needs of it. */
export type Suite = {
  readonly product: Product;
  readonly metadata: { readonly [name: string]: unknown };
  register(metadata?: object): Promise<SuiteClient>;
  tryRegister(metadata: object): Promise<Answer>;
  verify(jwt: string, audience: string): Promise<JWTPayload>;
  /** Lets time pass for the product: the suite waits, a test does not. */
  wait(milliseconds: number): Promise<void>;
  /** The product's time, in milliseconds. */
  now(): number;
  close(): Promise<void>;
};

/** Starts the product as the guide says for the conformance suite, with an initial access token for its clients. */
export async function openSuite(env: Readonly<Record<string, string>> = {}): Promise<Suite> {
  const database = await createTestDatabase('token');
  let waited = 0;
  const now = (): number => Date.now() + waited;
  const product = await startProduct({
    mode: 'host',
    databaseUrl: database.url,
    env: { SERVER_PROFILE: 'openid-conformance', RSA_KEY_BITS: '2048', ...env },
  });
  const made = await send(`${product.adminUrl}/initial-access-tokens`, {
    json: { uses: 1000, lifetime: '1h' },
    bearer: await rootToken(product),
  });
  const initialAccessToken = String((JSON.parse(made.text) as { token: string }).token);
  const discovered = await send(`${product.issuer}/.well-known/openid-configuration`);
  const metadata = JSON.parse(discovered.text) as { readonly [name: string]: unknown };
  const keys = createRemoteJWKSet(new URL(String(metadata['jwks_uri'])), {
    [customFetch]: async (url) => new Response((await send(String(url))).text),
    cooldownDuration: 0,
  });
  const tryRegister = (wanted: object) =>
    send(String(metadata['registration_endpoint']), { json: wanted, bearer: initialAccessToken });
  return {
    product,
    metadata,
    tryRegister,
    async register(wanted = {}) {
      const answer = await tryRegister({
        client_name: 'suite',
        redirect_uris: [callback],
        contacts: ['certification@oidf.org'],
        grant_types: ['authorization_code'],
        response_types: ['code'],
        token_endpoint_auth_method: 'client_secret_basic',
        ...wanted,
      });
      expect([answer.status, answer.headers['content-type']]).toEqual([201, 'application/json;charset=UTF-8']);
      const registered = JSON.parse(answer.text) as { client_id: string; client_secret?: string };
      return { id: registered.client_id, secret: registered.client_secret ?? '', metadata: { ...registered } };
    },
    async verify(jwt, audience) {
      const { payload } = await jwtVerify(jwt, keys, {
        issuer: product.issuer,
        audience,
        currentDate: new Date(now()),
      });
      return payload;
    },
    async wait(milliseconds) {
      waited += milliseconds;
      await database.advanceClock(milliseconds);
    },
    now,
    async close() {
      await product.stop();
      await database.drop();
    },
  };
}

/** The grant types that a response type needs at registration. */
export function grantTypesOf(responseType: string): readonly string[] {
  const words = responseType.split(' ');
  return [
    ...(words.includes('code') ? ['authorization_code'] : []),
    ...(words.includes('token') || words.includes('id_token') ? ['implicit'] : []),
  ];
}

/** What an authorization request of the suite looks like. */
export type AuthorizationRequest = { readonly [name: string]: string | undefined };

/** A request with state and nonce; an undefined parameter is left out. */
export function requestOf(client: SuiteClient, changes: AuthorizationRequest = {}): Record<string, string> {
  const all = {
    client_id: client.id,
    response_type: 'code',
    scope: 'openid',
    redirect_uri: callback,
    state: randomBytes(10).toString('base64url'),
    nonce: randomBytes(10).toString('base64url'),
    ...changes,
  };
  return Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** The URL that the suite opens in its browser. */
export function authorizationUrl({ metadata }: Suite, request: Record<string, string>): string {
  return `${String(metadata['authorization_endpoint'])}?${new URLSearchParams(request).toString()}`;
}

/** What came to the callback, and how. */
export type CallbackResponse = {
  readonly via: 'query' | 'fragment' | 'form_post';
  readonly url: URL;
  readonly parameters: { readonly [name: string]: string };
};

/** Text out of a page, with the numeric references that our pages use. */
export function decodeHtml(text = ''): string {
  return unescapeHtml(text.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code))));
}

/** The callback that an answer of the authorization endpoint leads a browser to; undefined for a page of ours. */
export function callbackOf(answer: Answer): CallbackResponse | undefined {
  const { location } = answer.headers;
  if (location !== undefined) {
    const url = new URL(location);
    const via = url.hash === '' ? 'query' : 'fragment';
    const pairs = via === 'query' ? url.searchParams : new URLSearchParams(url.hash.slice(1));
    return { via, url, parameters: Object.fromEntries(pairs) };
  }
  const form = /<form[^>]*method="post"[^>]*action="([^"]*)"/i.exec(answer.text)?.[1];
  if (form === undefined || !answer.text.includes('type="hidden"')) return undefined;
  const inputs = [...answer.text.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)];
  return {
    via: 'form_post',
    url: new URL(decodeHtml(form)),
    parameters: Object.fromEntries(inputs.map(([, name, value]) => [decodeHtml(name), decodeHtml(value)])),
  };
}

/** Opens an authorization request, logs in, consents, and answers what came to the callback. */
export async function authorizeAs(
  suite: Suite,
  request: Record<string, string>,
  decision: Decision = {},
): Promise<CallbackResponse> {
  const played = await authorize(suite.product, new Browser(), authorizationUrl(suite, request), {
    subject: 'alice',
    idTokenExtra: standardClaims,
    ...decision,
  });
  const response = callbackOf(played.answer);
  if (response === undefined) throw new Error(`no callback: ${played.answer.status} ${played.answer.text}`);
  return response;
}

/** Opens an authorization request that is refused before anybody logs in. */
export async function refusalOf(suite: Suite, request: Record<string, string>) {
  const answer = await new Browser().send(authorizationUrl(suite, request));
  return { answer, response: callbackOf(answer) };
}

/** The members of a token endpoint answer. */
export type Tokens = {
  readonly access_token: string;
  readonly token_type: string;
  readonly expires_in: number;
  readonly id_token?: string;
  readonly refresh_token?: string;
  readonly scope?: string;
};

/** A request to the token endpoint with the client's method of authentication. */
export function tokenRequest(
  { metadata }: Suite,
  client: SuiteClient,
  form: Readonly<Record<string, string>>,
): Promise<Answer> {
  const url = String(metadata['token_endpoint']);
  return client.metadata['token_endpoint_auth_method'] === 'client_secret_post'
    ? send(url, { form: { ...form, client_id: client.id, client_secret: client.secret } })
    : send(url, { form, basic: [client.id, client.secret] });
}

/** Redeems a code and holds the answer against RFC 6749 section 5.1. */
export async function redeem(suite: Suite, client: SuiteClient, code: string, redirectUri = callback): Promise<Tokens> {
  const form = { grant_type: 'authorization_code', code, redirect_uri: redirectUri };
  return readTokens(await tokenRequest(suite, client, form));
}

/** Reads a successful answer of the token endpoint. */
export function readTokens(answer: Answer): Tokens {
  expect([answer.status, answer.headers['cache-control'], answer.headers['pragma']]).toEqual([
    200,
    'no-store',
    'no-cache',
  ]);
  expect(answer.headers['content-type']).toMatch(/^application\/json/);
  const tokens = JSON.parse(answer.text) as Tokens;
  expect(tokens.token_type.toLowerCase()).toBe('bearer');
  expect(tokens.expires_in).toBeGreaterThan(0);
  expect(tokens.access_token).toMatch(/^[A-Za-z0-9._~+/-]+=*$/);
  return tokens;
}

/** Asks userinfo with a token in the header, and reads its JSON. */
export async function userinfoOf(
  { metadata }: Suite,
  accessToken: string,
  request: Request = { bearer: accessToken },
): Promise<{ readonly [claim: string]: unknown }> {
  const answer = await send(String(metadata['userinfo_endpoint']), request);
  expect(answer.status).toBe(200);
  expect(answer.headers['content-type']).toMatch(/^application\/json/);
  return JSON.parse(answer.text) as { readonly [claim: string]: unknown };
}

/** The checks of an ID token that every module makes (OpenID Connect Core sections 2, 3.1.3.7, 3.3.2.11). */
export async function checkIdToken(
  suite: Suite,
  client: SuiteClient,
  idToken: string,
  expected: { readonly nonce?: string; readonly accessToken?: string; readonly code?: string },
): Promise<JWTPayload> {
  const header = decodeProtectedHeader(idToken);
  expect(header.kid).toEqual(expect.any(String));
  const claims = await suite.verify(idToken, client.id);
  const now = suite.now() / 1000;
  expect(claims.sub).toMatch(/^[\x20-\x7e]{1,255}$/);
  expect(claims.iat).toBeLessThanOrEqual(now + 5);
  expect(claims.exp).toBeGreaterThan(now);
  expect(claims['nonce']).toBe(expected.nonce);
  const half = (text: string) => createHash('sha256').update(text).digest().subarray(0, 16).toString('base64url');
  if (expected.accessToken !== undefined && claims['at_hash'] !== undefined) {
    expect(claims['at_hash']).toBe(half(expected.accessToken));
  }
  if (expected.code !== undefined) expect(claims['c_hash']).toBe(half(expected.code));
  return claims;
}

/** Holds an error response against OpenID Connect Core section 3.1.2.6 and RFC 9207. */
export function checkErrorResponse(suite: Suite, response: CallbackResponse | undefined, state?: string): string {
  if (response === undefined) throw new Error('the error did not come to the callback');
  const { error = '', ...others } = response.parameters;
  const known = ['error_description', 'error_uri', 'state', 'iss', 'dummy1', 'dummy2'];
  expect(Object.keys(others).filter((name) => !known.includes(name))).toEqual([]);
  expect(others['state']).toBe(state);
  expect(others['iss']).toBe(suite.metadata['issuer']);
  expect(others['error_description'] ?? '').toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]*$/);
  return error;
}
