import { describe, expect, it } from 'vitest';
import { type Answer, send } from '../http.js';
import { admin, authorizationQuery, errorOf, useTarget } from './target.js';

const pendingPerAddress = 20;

const target = useTarget({
  mayFail: true,
  env: { PENDING_REQUESTS_PER_ADDRESS: String(pendingPerAddress) },
});

const url = (path: string): string => `${target().product.publicUrl}${path}`;
const svc = (): readonly [string, string] => ['svc', target().clients.svc.secret];

const askToken = (): Promise<Answer> =>
  send(url('/oauth2/token'), { form: { grant_type: 'client_credentials', scope: 'docs' }, basic: svc() });
const authorize = (accept: string) => (): Promise<Answer> =>
  send(url(`/oauth2/auth?${authorizationQuery('conf')}`), { headers: { Accept: accept } });

function expectOAuthError({ headers, text }: Answer): void {
  expect(headers['content-type']).toMatch(/^application\/json/);
  expect(errorOf({ text })).toBe('temporarily_unavailable');
}

describe('expensive work', () => {
  it('RL-03, RL-10: wrong secrets get 401 or are turned away in good form, and stop no other client', async () => {
    const chosen = await admin(target(), 'POST', '/clients', {
      id: 'chosen',
      client_secret: 'a-secret-that-somebody-chose-himself',
      grant_types: ['client_credentials'],
    });
    expect(chosen.status).toBe(201);
    const guess = (_none: unknown, index: number): Promise<Answer> =>
      send(url('/oauth2/token'), { form: { grant_type: 'client_credentials' }, basic: ['chosen', `guess-${index}`] });
    const guesses = Array.from({ length: 40 }, guess);
    const honest = await askToken();
    const answers = await Promise.all(guesses);
    // How many are turned away depends on the machine: apps/token/src/slow-hasher.test.ts holds it to the number.
    for (const refusal of answers.filter(({ status }) => status !== 401)) {
      expect(refusal.headers['retry-after']).toMatch(/^[1-9]\d*$/);
      expectOAuthError(refusal);
    }
    for (const { status } of answers) expect([401, 429, 503]).toContain(status);
    // Served, or turned away because this machine is slow; never because of the guesses.
    expect([200, 503]).toContain(honest.status);
    await expect.poll(async () => (await askToken()).status, { timeout: 60_000 }).toBe(200);
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

  it('RL-07: a flood of authorization requests leaves few rows: one address may have so many pending', async () => {
    const pending = async (): Promise<number> => {
      const { pool } = target().database.database;
      const { rows } = await pool.query<{ count: string }>('SELECT count(*) FROM token.authorization_request');
      return Number(rows[0]?.count);
    };
    const answers = await flood(40, authorize('text/html'));
    expect(answers.some(({ headers }) => headers.location?.includes('error=temporarily_unavailable'))).toBe(true);
    // The ten that are asked at the same moment may be counted together.
    expect(await pending()).toBeLessThanOrEqual(pendingPerAddress + 10);
    expect(await pending()).toBeGreaterThan(0);
  });
});
