import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createClientCredentials, createWardenClient, type TokenSource, type WardenClient } from './index.js';
import { type AdminApi, startAdminApi } from './testing/admin-api.js';
import { startTokenWarden, type TokenWarden } from './testing/token-warden.js';

let api: AdminApi;
let warden: TokenWarden;
let now = 0;
let outages: string[];
const clients: WardenClient[] = [];

beforeAll(async () => {
  [api, warden] = await Promise.all([startAdminApi(), startTokenWarden()]);
});
afterAll(async () => {
  for (const client of clients) client.close();
  warden?.close();
  await api?.close();
});
beforeEach(() => {
  now = 0;
  api.seen.length = 0;
  api.tokenStatus = 200;
  warden.shown.length = 0;
  warden.known.clear();
  outages = [];
});

function tokenSource(): TokenSource {
  return createClientCredentials({
    tokenUrl: `${api.url}/oauth2/token`,
    clientId: 'orders',
    clientSecret: 's',
    scope: 'hydra.warden',
    now: () => now,
  });
}

function connect(tokens: TokenSource, transport: 'unary' | 'stream'): WardenClient {
  const client = createWardenClient({
    target: warden.target,
    security: { kind: 'token', tokens, ca: warden.ca },
    transport,
    deadlineMs: 20_000,
    onOutage: ({ code }) => outages.push(code),
  });
  clients.push(client);
  return client;
}

const check = { subject: 'peter', resource: 'r', action: 'a' };
const fetches = (): number => api.seen.length;

/** Lets the Warden take the token that the source has. */
async function letIn(tokens: TokenSource): Promise<string> {
  const token = await tokens.get();
  warden.known.add(token);
  return token;
}

describe.each(['unary', 'stream'] as const)('a client with access tokens (%s)', (transport) => {
  it('shows one, which calls at the same time share', async () => {
    const tokens = tokenSource();
    const client = connect(tokens, transport);
    const token = await letIn(tokens);
    const decisions = await Promise.all(Array.from({ length: 50 }, () => client.check(check)));
    expect(decisions.every(({ allowed }) => allowed)).toBe(true);
    expect(new Set(warden.shown)).toEqual(new Set([token]));
    expect(fetches()).toBe(1);
  });

  it('gets another one when it is refused, and asks again', async () => {
    const tokens = tokenSource();
    const client = connect(tokens, transport);
    const revoked = await tokens.get();
    // The next token that is issued is a good one.
    const next = `token-${Number(revoked.slice('token-'.length)) + 1}`;
    warden.known.add(next);
    expect(await client.check(check)).toMatchObject({ allowed: true });
    expect(warden.shown).toEqual([revoked, next]);
    expect(fetches()).toBe(2);
  });

  it('rejects where every token is refused: once more, and no further', async () => {
    const client = connect(tokenSource(), transport);
    await expect(client.check(check)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(warden.shown).toHaveLength(2);
  });

  it('fails closed without a token: an outage is a denial, wrong credentials are an error', async () => {
    const client = connect(tokenSource(), transport);
    api.tokenStatus = 503;
    expect(await client.check(check)).toEqual({ allowed: false, reason: 'outage', revision: 0 });
    expect(outages).toEqual(['UNAVAILABLE']);
    api.tokenStatus = 401;
    await expect(client.check(check)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(warden.shown).toHaveLength(0);
  });

  it('keeps its deadline where the token endpoint does not answer', async () => {
    const client = connect({ get: () => new Promise(() => undefined), forget: () => undefined }, transport);
    expect(await client.check(check, { deadlineMs: 100 })).toMatchObject({ allowed: false, reason: 'outage' });
  });
});

describe('client credentials', () => {
  it('are asked for once, whoever waits for the token', async () => {
    const tokens = tokenSource();
    const got = await Promise.all(Array.from({ length: 20 }, () => tokens.get()));
    expect(new Set(got).size).toBe(1);
    expect(fetches()).toBe(1);
  });

  it('are asked for again before a token expires, and nobody waits for that', async () => {
    const tokens = tokenSource();
    const first = await tokens.get();
    now = 3_600_000 * 0.74;
    expect(await tokens.get()).toBe(first);
    expect(fetches()).toBe(1);
    now = 3_600_000 * 0.76;
    expect(await Promise.all([tokens.get(), tokens.get()])).toEqual([first, first]);
    await expect.poll(() => tokens.get()).not.toBe(first);
    expect(fetches()).toBe(2);
  });

  it('give the old token on while the endpoint is away, until it expires', async () => {
    const tokens = tokenSource();
    const first = await tokens.get();
    api.tokenStatus = 503;
    now = 3_600_000 * 0.9;
    expect(await tokens.get()).toBe(first);
    await expect.poll(fetches).toBe(2);
    expect(await tokens.get()).toBe(first);
    now = 3_600_000;
    await expect(tokens.get()).rejects.toMatchObject({ kind: 'outage' });
    api.tokenStatus = 200;
    expect(await tokens.get()).not.toBe(first);
  });

  it('are not asked for again because of a token that was replaced already', async () => {
    const tokens = tokenSource();
    const first = await tokens.get();
    tokens.forget(first);
    const second = await tokens.get();
    tokens.forget(first);
    expect(await tokens.get()).toBe(second);
    expect(fetches()).toBe(2);
  });
});

describe('the example with access tokens of the README', () => {
  it('is the one that runs here', async () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    const example = readFileSync(new URL('testing/token-example.ts', import.meta.url), 'utf8');
    expect(readme).toContain(`\`\`\`ts\n${example.replace("'../index.js'", "'@castellan/sdk'")}\`\`\``);

    Object.assign(process.env, { CASTELLAN_URL: api.url, WARDEN_PUBLIC_GRPC: warden.target, CA: warden.ca });
    const { mayShip, warden: client } = await import('./testing/token-example.js');
    clients.push(client);
    // Whichever token comes next.
    for (let number = 1; number < 1000; number++) warden.known.add(`token-${number}`);
    // A call of the example has a second, which a busy machine may need to connect; the token is fetched once for all.
    await expect.poll(() => mayShip('peter', '7'), { timeout: 60_000 }).toBe(true);
    expect(fetches()).toBe(1);
    expect(api.seen[0]?.body).toBe('grant_type=client_credentials&scope=hydra.warden');
  });
});
