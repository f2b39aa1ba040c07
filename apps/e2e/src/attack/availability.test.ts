import { describe, expect, it } from 'vitest';
import { type Answer, send } from '../http.js';
import { freePorts } from '../ports.js';
import { admin, authorizationQuery, errorOf, useTarget } from './target.js';

const [operations = 0] = await freePorts(1);
const places = 80;
const pendingPerAddress = 20;

// A limit that stays where it is, whatever the machine does; 100 requests at once are more than it in every class.
const target = useTarget({
  mayFail: true,
  env: {
    OPS_PORT: String(operations),
    ADMISSION_MIN_IN_FLIGHT: String(places),
    ADMISSION_MAX_IN_FLIGHT: String(places),
    ADMISSION_TARGET_DELAY: '24h',
    PENDING_REQUESTS_PER_ADDRESS: String(pendingPerAddress),
  },
});

type Class = 'decision' | 'issuance' | 'administration';

/** How many requests of a class were refused so far. */
async function refused(of: Class): Promise<number> {
  const { text } = await send(`http://127.0.0.1:${operations}/metrics`);
  const line = new RegExp(`castellan_admission_refused_total\\{class="${of}",reason="overload"\\} (\\d+)`).exec(text);
  return Number(line?.[1]);
}

/** Does something while the database lets no request through that needs a client; then waits for what it left behind. */
async function whileLocked(work: () => Promise<readonly Promise<Answer>[]>): Promise<readonly Answer[]> {
  const client = await target().database.database.pool.connect();
  let pending: readonly Promise<Answer>[] = [];
  try {
    await client.query('BEGIN');
    await client.query('LOCK TABLE token.client IN ACCESS EXCLUSIVE MODE');
    pending = await work();
  } finally {
    await client.query('ROLLBACK');
    client.release();
  }
  return Promise.all(pending);
}

/** Sends many at once while they are held, and answers what they got in the end. */
function volley(request: () => Promise<Answer>): Promise<readonly Answer[]> {
  return whileLocked(async () => {
    const answers = Array.from({ length: places + 20 }, request);
    await Promise.any(answers.map((answer) => answer.then(({ status }) => expect(status).toBe(503))));
    for (const path of ['/health', '/health/alive', '/version']) {
      expect((await send(url(path))).status, path).toBe(200);
    }
    return answers;
  });
}

const url = (path: string): string => `${target().product.publicUrl}${path}`;
const svc = (): readonly [string, string] => ['svc', target().clients.svc.secret];

const askToken = (): Promise<Answer> =>
  send(url('/oauth2/token'), { form: { grant_type: 'client_credentials', scope: 'docs' }, basic: svc() });
const introspect = (): Promise<Answer> => send(url('/oauth2/introspect'), { form: { token: 'x' }, basic: svc() });
const authorize = (accept: string) => (): Promise<Answer> =>
  send(url(`/oauth2/auth?${authorizationQuery('conf')}`), { headers: { Accept: accept } });
const listClients = (): Promise<Answer> => admin(target(), 'GET', '/clients');

type Volley = readonly [id: string, what: string, of: Class, () => Promise<Answer>, (refusal: Answer) => void];

function expectOAuthError({ headers, text }: Answer): void {
  expect(headers['content-type']).toMatch(/^application\/json/);
  expect(errorOf({ text })).toBe('temporarily_unavailable');
}

describe('more than can be served', () => {
  it.each<Volley>([
    ['RL-01', 'token requests', 'issuance', askToken, expectOAuthError],
    ['RL-01', 'introspections', 'decision', introspect, expectOAuthError],
    [
      'RL-01',
      'browsers at the authorization endpoint',
      'issuance',
      authorize('text/html'),
      ({ headers, text }) => {
        expect(headers.location).toBeUndefined();
        expect(headers['content-type']).toMatch(/^text\/html/);
        expect(text).toContain('temporarily_unavailable');
      },
    ],
    [
      'RL-01',
      'admin requests',
      'administration',
      listClients,
      ({ text }) => expect(JSON.parse(text)).toMatchObject({ error: { code: 503 } }),
    ],
  ])('%s: of %s some are refused in their own form, the rest and what comes later is served', async (...row) => {
    const [, , of, request, expectForm] = row;
    const before = await refused(of);
    const answers = await volley(request);
    expect(await refused(of)).toBeGreaterThan(before);
    const refusals = answers.filter(({ status }) => status === 503 || status === 429);
    expect(refusals.length).toBeGreaterThan(0);
    for (const refusal of refusals) {
      expect(refusal.headers['retry-after']).toMatch(/^[1-9]\d*$/);
      expect(refusal.headers['cache-control']).toBe('no-store');
      expect(refusal.text).not.toMatch(/"active":true|access_token/);
      expectForm(refusal);
    }
    for (const { status, text } of answers) expect([200, 302, 429, 503], text).toContain(status);
    await expect.poll(async () => (await request()).status, { timeout: 20_000 }).toBeLessThan(400);
  });

  it('RL-02: public keys are served while tokens have taken their places', async () => {
    const before = await refused('issuance');
    await whileLocked(async () => {
      const flood = Array.from({ length: places + 20 }, askToken);
      await expect.poll(() => refused('issuance'), { timeout: 20_000 }).toBeGreaterThan(before);
      for (const path of ['/.well-known/jwks.json', '/.well-known/openid-configuration']) {
        expect((await send(url(path))).status, path).toBe(200);
      }
      return flood;
    });
  });

  it('RL-03, RL-10: wrong secrets of one address are refused with 429, and stop no other client', async () => {
    const chosen = await admin(target(), 'POST', '/clients', {
      id: 'chosen',
      client_secret: 'a-secret-that-somebody-chose-himself',
      grant_types: ['client_credentials'],
    });
    expect(chosen.status).toBe(201);
    const guess = (_none: unknown, index: number): Promise<Answer> =>
      send(url('/oauth2/token'), { form: { grant_type: 'client_credentials' }, basic: ['chosen', `guess-${index}`] });
    const guesses = Array.from({ length: places - 10 }, guess);
    const honest = await askToken();
    const answers = await Promise.all(guesses);
    const tooMany = answers.filter(({ status }) => status === 429);
    expect(tooMany.length).toBeGreaterThan(0);
    for (const refusal of tooMany) {
      expect(refusal.headers['retry-after']).toMatch(/^[1-9]\d*$/);
      expectOAuthError(refusal);
    }
    for (const { status } of answers) expect([401, 429, 503]).toContain(status);
    // Served, or turned away because this machine is slow; never because of the guesses.
    expect([200, 503]).toContain(honest.status);
    await expect.poll(async () => (await askToken()).status, { timeout: 20_000 }).toBe(200);
  });
});

describe('callers that are nobody', () => {
  /** Rows of every table, by its name. */
  async function countRows(): Promise<ReadonlyMap<string, number>> {
    const { pool } = target().database.database;
    const { rows } = await pool.query<{ name: string }>(
      `SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname IN ('token', 'warden', 'keys') AND c.relkind = 'r' ORDER BY 1`,
    );
    const counts = new Map<string, number>();
    for (const { name } of rows) {
      const { rows: counted } = await pool.query<{ count: string }>(`SELECT count(*) FROM ${name}`);
      counts.set(name, Number(counted[0]?.count));
    }
    return counts;
  }

  async function flood(times: number, request: () => Promise<Answer>): Promise<readonly Answer[]> {
    const answers: Answer[] = [];
    for (let sent = 0; sent < times; sent += 10)
      answers.push(...(await Promise.all(Array.from({ length: 10 }, request))));
    return answers;
  }

  it.each<readonly [string, () => Promise<Answer>]>([
    [
      'wrong secrets',
      () => send(url('/oauth2/token'), { form: { grant_type: 'client_credentials' }, basic: ['svc', 'x'] }),
    ],
    ['introspection', () => send(url('/oauth2/introspect'), { form: { token: 'ct_at_x.y' }, basic: ['nobody', 'x'] })],
    ['revocation', () => send(url('/oauth2/revoke'), { form: { token: 'ct_rt_x.y' }, basic: ['nobody', 'x'] })],
    ['userinfo', () => send(url('/userinfo'), { bearer: 'ct_at_x.y' })],
    ['registration', () => send(url('/oauth2/register'), { json: { redirect_uris: ['https://rp.example/cb'] } })],
    [
      'assertions',
      () =>
        send(url('/oauth2/token'), {
          form: {
            grant_type: 'client_credentials',
            client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
            client_assertion: `${Buffer.from('{"alg":"ES256"}').toString('base64url')}.${Buffer.from(
              JSON.stringify({ iss: 'svc', sub: 'svc', jti: String(Math.random()), exp: 4_000_000_000 }),
            ).toString('base64url')}.AAAA`,
          },
        }),
    ],
    ['authorization of unknown clients', () => send(url('/oauth2/auth?client_id=nobody&response_type=code'))],
    ['admin requests', () => send(`${target().product.adminUrl}/clients`, { json: { id: 'x' }, bearer: 'x' })],
    ['policy checks', () => send(`${target().product.adminUrl}/warden/allowed`, { json: { subject: 'x' } })],
  ])('RL-07: a flood of %s leaves no row', async (_what, request) => {
    const before = await countRows();
    const answers = await flood(20, request);
    for (const { status } of answers) expect(status).toBeGreaterThanOrEqual(400);
    const grown = [...(await countRows())].filter(([name, count]) => count > (before.get(name) ?? 0));
    expect(grown).toEqual([]);
  });

  it('RL-07: a flood of authorization requests leaves as many rows as one address may have pending, and no more', async () => {
    const pending = async (): Promise<number> => {
      const { pool } = target().database.database;
      const { rows } = await pool.query<{ count: string }>('SELECT count(*) FROM token.authorization_request');
      return Number(rows[0]?.count);
    };
    const answers = await flood(40, authorize('text/html'));
    expect(answers.some(({ headers }) => headers.location?.includes('error=temporarily_unavailable'))).toBe(true);
    expect(await pending()).toBeLessThanOrEqual(pendingPerAddress);
    expect(await pending()).toBeGreaterThan(0);
  });
});
