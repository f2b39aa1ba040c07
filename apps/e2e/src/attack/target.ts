import { createHash, type JsonWebKey, randomBytes } from 'node:crypto';
import { afterAll, beforeAll } from 'vitest';
import { createTestDatabase, type TestDatabase } from '@castellan/postgres/testing';
import { type Answer, Browser, send } from '../http.js';
import { type Product, rootToken, SYSTEM_SECRET, startProduct } from '../product.js';
import { claimsOf, signText } from './jwt.js';
import { observe } from './oracle.js';
import { type RawAnswer, type RawRequest, sendRaw } from './raw.js';

/** A client of the fixture set; `basic` is empty for a public one. */
export type Fixture = { readonly id: string; readonly secret: string };

const code = { grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'] };
const scope = 'openid offline profile docs';

/** Registrations of the fixture set, by name; a client's ID is its name. */
const registrations = {
  conf: { ...code, redirect_uris: ['https://rp.example/cb', 'https://rp.example/cb?x=1'], scope },
  basic: {
    ...code,
    redirect_uris: ['https://rp.example/cb'],
    scope,
    token_endpoint_auth_method: 'client_secret_basic',
  },
  post: { ...code, redirect_uris: ['https://rp.example/cb'], scope, token_endpoint_auth_method: 'client_secret_post' },
  hybrid: {
    grant_types: ['authorization_code', 'refresh_token', 'implicit'],
    response_types: [
      'code',
      'token',
      'id_token',
      'code token',
      'code id_token',
      'id_token token',
      'code id_token token',
    ],
    redirect_uris: ['https://rp.example/cb'],
    scope,
  },
  strict: { ...code, redirect_uris: ['https://rp.example/cb'], scope, require_pkce: true },
  pub: {
    ...code,
    public: true,
    redirect_uris: ['http://127.0.0.1/cb', 'https://127.0.0.1/cb', 'com.example.app:/cb'],
    scope,
  },
  svc: { grant_types: ['client_credentials'], response_types: [], redirect_uris: [], scope: 'docs hydra' },
  evil: { ...code, redirect_uris: ['https://evil.example/cb', 'https://rp.example/cb'], scope },
} as const;

/** Names of the fixture clients. */
export type ClientName = keyof typeof registrations;

/** A running product under attack, with its clients and the keys that a consent app holds. */
export type Target = {
  readonly product: Product;
  readonly database: TestDatabase;
  readonly port: number;
  readonly clients: Readonly<Record<ClientName, Fixture>>;
  /** An access token of the root client. */
  readonly root: string;
  /** Private key of `hydra.consent.response`. */
  readonly consentKey: JsonWebKey;
  /** Whatever is added here may be in no log, no error and no row. */
  readonly secrets: Set<string>;
};

/** What a file of attacks wants otherwise. */
export type TargetOptions = {
  readonly env?: Readonly<Record<string, string>>;
  /** Routes may answer 5xx in this file, as a row of it says. */
  readonly mayFail?: boolean;
  /** Errors that rows of this file make the product log. */
  readonly provoked?: RegExp;
};

/**
 * Starts one product for a file and stops it after the last row, having asked the oracle. The answer is filled before
 * the first row runs.
 */
export function useTarget(options: TargetOptions = {}): () => Target {
  let target: Target | undefined;
  beforeAll(async () => {
    target = await startTarget(options);
  }, 300_000);
  afterAll(async () => {
    if (target === undefined) return;
    try {
      await observe(target, options);
    } finally {
      await target.product.stop();
      await target.database.drop();
    }
  }, 300_000);
  return () => {
    if (target === undefined) throw new Error('the target is not started yet');
    return target;
  };
}

async function startTarget(options: TargetOptions): Promise<Target> {
  const database = await createTestDatabase('token');
  const product = await startProduct({
    mode: 'host',
    databaseUrl: database.url,
    consentUrl: 'https://consent.example/',
    env: { RSA_KEY_BITS: '2048', ...options.env },
  });
  const root = await rootToken(product);
  const made = await Promise.all(Object.keys(registrations).map((name) => register(product, root, name as ClientName)));
  const clients = Object.fromEntries(made.map((client) => [client.id, client])) as Target['clients'];
  const keys = await send(`${product.adminUrl}/keys/hydra.consent.response/private`, { bearer: root });
  const consentKey = (JSON.parse(keys.text) as { keys: JsonWebKey[] }).keys[0] ?? {};
  const secrets = new Set([root, SYSTEM_SECRET, 'demo-password', consentKey.d ?? '']);
  for (const { secret } of made) secrets.add(secret);
  secrets.delete('');
  return { product, database, port: Number(new URL(product.publicUrl).port), clients, root, consentKey, secrets };
}

async function register(product: Product, root: string, id: ClientName): Promise<Fixture> {
  const answer = await send(`${product.adminUrl}/clients`, { bearer: root, json: { id, ...registrations[id] } });
  if (answer.status !== 201) throw new Error(`cannot register ${id}: ${answer.status} ${answer.text}`);
  return { id, secret: (JSON.parse(answer.text) as { client_secret?: string }).client_secret ?? '' };
}

/** A request of the admin API as the root client, or with another token. */
export function admin(
  target: Target,
  method: string,
  path: string,
  json?: unknown,
  bearer: string = target.root,
): Promise<Answer> {
  return send(`${target.product.adminUrl}${path}`, { method, bearer, ...(json !== undefined ? { json } : {}) });
}

/** Sends exact bytes to the public port. */
export function rawTo(target: Target, request: RawRequest): Promise<RawAnswer> {
  return sendRaw(target.port, request);
}

/** Parameters of a request; undefined leaves a default out, a list of pairs sends exactly those. */
export type Parameters = Readonly<Record<string, string | undefined>>;

/** The query of an authorization request of a client, with defaults for what is not said. */
export function authorizationQuery(client: ClientName, parameters: Parameters = {}): string {
  const all: Parameters = {
    client_id: client,
    response_type: 'code',
    redirect_uri: 'https://rp.example/cb',
    scope: 'openid offline docs',
    state: 'a-state-of-some-length',
    nonce: 'a-nonce-of-some-length',
    ...parameters,
  };
  const pairs = Object.entries(all).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return pairs.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&');
}

/** An authorization request under way: the browser that holds its cookie, and its challenge. */
export type Flow = {
  readonly browser: Browser;
  readonly challenge: string;
  readonly claims: Readonly<Record<string, unknown>>;
  /** Where the consent app sends the browser back to, without its answer. */
  readonly back: string;
};

/** Starts an authorization and reads its challenge. Throws when the browser is not sent to the consent app. */
export async function startFlow(
  target: Target,
  client: ClientName,
  parameters: Parameters = {},
  browser = new Browser(),
): Promise<Flow> {
  const url = `${target.product.publicUrl}/oauth2/auth?${authorizationQuery(client, parameters)}`;
  const answer = await browser.send(url);
  return flowOf(target, browser, answer);
}

/** Reads the challenge out of an answer that sends a browser to the consent app. */
export function flowOf(target: Target, browser: Browser, answer: Answer): Flow {
  const location = answer.headers.location ?? '';
  if (!location.startsWith('https://consent.example/')) {
    throw new Error(`not sent to the consent app: ${answer.status} ${location}`);
  }
  const challenge = new URL(location).searchParams.get('challenge') ?? '';
  const claims = claimsOf(challenge);
  for (const line of answer.headers['set-cookie'] ?? []) target.secrets.add(/=([^;]+)/.exec(line)?.[1] ?? challenge);
  return { browser, challenge, claims, back: String(claims['redir']) };
}

/** The claims of the challenge in a location that leads to the consent app. */
export function claimsOfChallenge(location: string): Readonly<Record<string, unknown>> {
  return claimsOf(new URL(location).searchParams.get('challenge') ?? '');
}

/** The claims of an honest consent response to a flow. */
export function honestClaims(flow: Flow, changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const now = Math.floor(Date.now() / 1000);
  const { jti, aud, exp, scp } = flow.claims;
  return { jti, aud, exp, scp, sub: 'alice', iat: now, at_ext: {}, id_ext: {}, ...changes };
}

/** Signs a consent response as the consent app does. */
export function consentResponse(target: Target, flow: Flow, changes: Readonly<Record<string, unknown>> = {}): string {
  return consentText(target, JSON.stringify(honestClaims(flow, changes)));
}

/** Signs any payload text with the consent app's key. */
export function consentText(target: Target, payload: string, header = '{"alg":"RS256","typ":"JWT"}'): string {
  return signText(target.consentKey, header, payload);
}

/** Brings a consent response back in the flow's browser. */
export async function comeBack(flow: Flow, consent: string, browser = flow.browser): Promise<Answer> {
  return browser.send(`${flow.back}&consent=${consent}`);
}

/** Parameters of an authorization response, from the query or the fragment of the location. */
export function responseOf(answer: Answer): URLSearchParams {
  const location = answer.headers.location ?? '';
  const at = new URL(location === '' ? 'about:blank' : location);
  return new URLSearchParams(at.hash !== '' ? at.hash.slice(1) : at.search);
}

/** Plays an authorization to its end and answers the parameters that the client gets. */
export async function authorize(
  target: Target,
  client: ClientName,
  parameters: Parameters = {},
  changes: Readonly<Record<string, unknown>> = {},
): Promise<URLSearchParams> {
  const flow = await startFlow(target, client, parameters);
  const response = responseOf(await comeBack(flow, consentResponse(target, flow, changes)));
  for (const name of ['code', 'access_token']) target.secrets.add(response.get(name) ?? target.root);
  return response;
}

/** A new authorization code. */
export async function newCode(
  target: Target,
  client: ClientName = 'conf',
  parameters: Parameters = {},
  changes: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const response = await authorize(target, client, parameters, changes);
  const text = response.get('code');
  if (text === null) throw new Error(`no code: ${response}`);
  return text;
}

/** A token request as a fixture client: Basic, or only the client ID for a public one. */
export async function tokenRequest(target: Target, client: ClientName, form: Parameters): Promise<Answer> {
  const { id, secret } = target.clients[client];
  const pairs = Object.entries(form).filter((pair): pair is [string, string] => pair[1] !== undefined);
  const answer = await send(`${target.product.publicUrl}/oauth2/token`, {
    form: secret === '' ? [...pairs, ['client_id', id]] : pairs,
    ...(secret === '' ? {} : { basic: [id, secret] as const }),
  });
  if (answer.status === 200) {
    const tokens = tokensOf(answer);
    for (const token of [tokens.access_token, tokens.refresh_token]) target.secrets.add(token ?? target.root);
  }
  return answer;
}

/** Redeems a code. */
export function redeem(target: Target, client: ClientName, text: string, form: Parameters = {}): Promise<Answer> {
  return tokenRequest(target, client, {
    grant_type: 'authorization_code',
    code: text,
    redirect_uri: 'https://rp.example/cb',
    ...form,
  });
}

/** Uses a refresh token. */
export function refresh(target: Target, client: ClientName, token: string, form: Parameters = {}): Promise<Answer> {
  return tokenRequest(target, client, { grant_type: 'refresh_token', refresh_token: token, ...form });
}

/** Members of a token response. */
export type Tokens = {
  readonly access_token: string;
  readonly refresh_token?: string;
  readonly id_token?: string;
  readonly scope: string;
};

/** Reads a token response. */
export function tokensOf(answer: { readonly text: string }): Tokens {
  return JSON.parse(answer.text) as Tokens;
}

/** Tokens of a fresh grant of the code flow. */
export async function newTokens(
  target: Target,
  client: ClientName = 'conf',
  parameters: Parameters = {},
  changes: Readonly<Record<string, unknown>> = {},
): Promise<Required<Tokens>> {
  const answer = await redeem(target, client, await newCode(target, client, parameters, changes));
  if (answer.status !== 200) throw new Error(`no tokens: ${answer.status} ${answer.text}`);
  return tokensOf(answer) as Required<Tokens>;
}

/** An access token of the client credentials grant. */
export async function serviceToken(target: Target, scopes: string, client: ClientName = 'svc'): Promise<string> {
  return tokensOf(await tokenRequest(target, client, { grant_type: 'client_credentials', scope: scopes })).access_token;
}

/** Introspects a token as a fixture client. */
export async function introspect(
  target: Target,
  token: string,
  form: Parameters = {},
  client: ClientName = 'conf',
): Promise<Answer> {
  const { id, secret } = target.clients[client];
  const pairs = Object.entries({ token, ...form }).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return send(`${target.product.publicUrl}/oauth2/introspect`, { form: pairs, basic: [id, secret] });
}

/** Whether a token is active. */
export async function isActive(target: Target, token: string): Promise<boolean> {
  return (JSON.parse((await introspect(target, token)).text) as { active: boolean }).active;
}

/** Revokes a token as a fixture client. */
export function revoke(
  target: Target,
  token: string,
  client: ClientName = 'conf',
  form: Parameters = {},
): Promise<Answer> {
  const { id, secret } = target.clients[client];
  const pairs = Object.entries({ token, ...form }).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return send(`${target.product.publicUrl}/oauth2/revoke`, { form: pairs, basic: [id, secret] });
}

/** The `error` of an OAuth 2.0 error answer. */
export function errorOf(answer: { readonly text: string }): string {
  return (JSON.parse(answer.text) as { error: string }).error;
}

/** A PKCE pair (RFC 7636). */
export function newPkce(): { readonly verifier: string; readonly challenge: string } {
  const verifier = randomBytes(32).toString('base64url');
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
}

/** The parameters that carry a PKCE challenge. */
export function pkceOf(pair: { readonly challenge: string }): Parameters {
  return { code_challenge: pair.challenge, code_challenge_method: 'S256' };
}

/** Rows that grants and requests make; an attack that must leave nothing behind does not change them. */
export async function grantRows(target: Target): Promise<string> {
  const tables = ['authorization_request', 'authorization_code', 'access_token', 'refresh_token'];
  const counts = await Promise.all(
    tables.map((table) => target.database.database.pool.query(`SELECT count(*)::int AS n FROM token.${table}`)),
  );
  return counts.map(({ rows }) => (rows[0] as { n: number }).n).join(' ');
}
