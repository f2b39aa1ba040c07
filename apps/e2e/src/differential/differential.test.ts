import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { Server } from 'node:http';
import Provider from 'oidc-provider';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, send } from '../http.js';
import { freePorts } from '../ports.js';
import { makeDatabase, migrateSql, type Product, type ProductDatabase, rootToken, startProduct } from '../product.js';
import { differences } from './differences.js';
import { callback, clients, type DifferentialRequest, requests } from './requests.js';

type Endpoints = { readonly [endpoint in DifferentialRequest['endpoint']]: string };

let database: ProductDatabase;
let product: Product;
let peer: Server;
let ours: Endpoints;
let theirs: Endpoints;

beforeAll(async () => {
  database = await makeDatabase();
  await migrateSql(database.url);
  product = await startProduct({ mode: 'host', databaseUrl: database.url });
  const bearer = await rootToken(product);
  for (const { id, secret, method, grantTypes, responseTypes } of clients) {
    const json = {
      ...{ id, client_name: id, redirect_uris: responseTypes.length > 0 ? [callback] : [] },
      ...{ grant_types: grantTypes, response_types: responseTypes, scope: 'openid offline_access photos' },
      ...(secret === undefined ? { public: true } : { client_secret: secret, token_endpoint_auth_method: method }),
    };
    expect((await send(`${product.adminUrl}/clients`, { json, bearer })).status).toBe(201);
  }
  const { issuer } = product;
  ours = {
    authorization: `${issuer}/oauth2/auth`,
    token: `${issuer}/oauth2/token`,
    introspection: `${issuer}/oauth2/introspect`,
    revocation: `${issuer}/oauth2/revoke`,
    userinfo: `${issuer}/userinfo`,
  };
  const [port = 0] = await freePorts(1);
  const origin = `http://localhost:${port}`;
  peer = await startPeer(origin, port);
  theirs = {
    authorization: `${origin}/auth`,
    token: `${origin}/token`,
    introspection: `${origin}/token/introspection`,
    revocation: `${origin}/token/revocation`,
    userinfo: `${origin}/me`,
  };
});
afterAll(async () => {
  peer?.close();
  await product?.stop();
  await database?.drop();
});

/** oidc-provider with the same clients, scopes, response types and rule of PKCE. */
async function startPeer(issuer: string, port: number): Promise<Server> {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const provider = new Provider(issuer, {
    clients: clients.map(({ id, secret, method, grantTypes, responseTypes }) => ({
      ...{ client_id: id, redirect_uris: responseTypes.length > 0 ? [callback] : [] },
      ...{ grant_types: grantTypes, response_types: responseTypes, token_endpoint_auth_method: method },
      ...(secret !== undefined ? { client_secret: secret } : {}),
    })),
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'k', use: 'sig', alg: 'RS256' }] },
    enableHttpPostMethods: true,
    cookies: { keys: [randomBytes(32).toString('base64url')], long: { sameSite: 'none' } },
    scopes: ['openid', 'offline_access', 'photos'],
    responseTypes: ['code', 'id_token', 'code id_token'],
    pkce: { required: (_: unknown, client: { clientAuthMethod: string }) => client.clientAuthMethod === 'none' },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
      claimsParameter: { enabled: true },
    },
    findAccount: (_: unknown, accountId: string) => ({ accountId, claims: () => ({ sub: accountId }) }),
    interactions: { url: (_: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
  });
  return new Promise((resolve) => {
    const server: Server = provider.listen(port, 'localhost', () => resolve(server));
  });
}

async function ask(endpoints: Endpoints, request: DifferentialRequest): Promise<string> {
  const { endpoint, method, pairs, basic, bearer } = request;
  const url = endpoints[endpoint];
  const carried = {
    ...(basic !== undefined ? { basic } : {}),
    ...(bearer !== undefined ? { bearer } : {}),
    headers: { Accept: endpoint === 'authorization' ? 'text/html' : 'application/json' },
  };
  const query = new URLSearchParams(pairs.map(([name, value]): [string, string] => [name, value])).toString();
  const answer =
    method === 'POST'
      ? await send(url, { ...carried, form: pairs, method })
      : await send(query === '' ? url : `${url}?${query}`, { ...carried, method: 'GET' });
  return endpoint === 'authorization' ? frontChannelClass(answer) : backChannelClass(answer);
}

/** Where a browser is: at a login, at the client with an error, or before our own error page. */
function frontChannelClass({ status, headers, text }: Answer): string {
  const { location } = headers;
  if (location === undefined) {
    const error = /name="error" value="([a-z_]+)"/.exec(text)?.[1];
    return error === undefined ? `page ${Math.floor(status / 100)}xx` : `client: ${error}`;
  }
  if (!location.startsWith(callback)) return 'login';
  const url = new URL(location);
  const error = url.searchParams.get('error') ?? new URLSearchParams(url.hash.slice(1)).get('error');
  return `client: ${error ?? 'success'}`;
}

function backChannelClass({ status, text }: Answer): string {
  if (status === 200) return /"active":\s*true/.test(text) ? '200 active' : '200';
  const error = /"error":\s*"([a-z_]+)"/.exec(text)?.[1];
  return error === undefined ? String(status) : `${status} ${error}`;
}

describe('this server and oidc-provider', () => {
  it('are asked 200 requests, each once', () => {
    expect(requests.length).toBeGreaterThanOrEqual(200);
    expect(new Set(requests.map(({ name }) => name)).size).toBe(requests.length);
    expect([...differences.keys()].filter((name) => !requests.some((request) => request.name === name))).toEqual([]);
  });

  it.each(requests.map((request) => [request.name, request] as const))('%s', async (name, request) => {
    const outcomes = { ours: await ask(ours, request), theirs: await ask(theirs, request) };
    const meant = differences.get(name);
    if (meant === undefined) expect(outcomes.ours).toBe(outcomes.theirs);
    else expect(outcomes).toEqual({ ours: meant.ours, theirs: meant.theirs });
  });
});
