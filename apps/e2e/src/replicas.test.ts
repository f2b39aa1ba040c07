import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readChallenge, respond } from './consent-player.js';
import { Browser, send } from './http.js';
import {
  commandLine,
  makeDatabase,
  migrateSql,
  type Product,
  type ProductDatabase,
  rootToken,
  startProduct,
} from './product.js';

const redirectUri = 'http://localhost:9010/callback';

describe('S7 two instances on one database', () => {
  let database: ProductDatabase;
  let one: Product;
  let two: Product;

  beforeAll(async () => {
    database = await makeDatabase();
    await migrateSql(database.url);
    const issuer = 'https://issuer.example';
    // D45: both start on the empty database at once; one root client and one key of each set come out of it.
    [one, two] = await Promise.all([
      startProduct({ mode: 'host', databaseUrl: database.url, issuer }),
      startProduct({ mode: 'host', databaseUrl: database.url, issuer }),
    ]);
    await send(`${one.adminUrl}/clients`, {
      bearer: await rootToken(one),
      json: {
        id: 'c2',
        client_secret: 'consumer-secret',
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code', 'id_token'],
        scope: 'openid offline',
      },
    });
  }, 120_000);

  afterAll(async () => {
    await Promise.all([one?.stop(), two?.stop()]);
    await database?.drop();
  });

  /** Starts an authorization on one instance and finishes it on the other; answers the code. */
  async function codeAcrossInstances(): Promise<string> {
    const browser = new Browser();
    const query = new URLSearchParams({
      client_id: 'c2',
      redirect_uri: redirectUri,
      response_type: 'code',
      scope: 'openid offline',
      state: 'abcdefghij',
    });
    const started = await browser.send(`${one.publicUrl}/oauth2/auth?${query}`);
    const challenge = await readChallenge(two, started.headers.location ?? '');
    const back = await respond(two, challenge);
    const finished = await browser.send(back.replace(one.issuer, two.publicUrl));
    return new URL(finished.headers.location ?? 'about:blank').searchParams.get('code') ?? '';
  }

  function redeem(product: Product, code: string): ReturnType<typeof send> {
    return send(`${product.publicUrl}/oauth2/token`, {
      form: { grant_type: 'authorization_code', code, redirect_uri: redirectUri },
      basic: ['c2', 'consumer-secret'],
    });
  }

  it('made one key of each set and one root client between them', async () => {
    const keys = await database.query(
      `SELECT set_id, count(*)::int AS n FROM keys.key WHERE part = 'private' GROUP BY set_id`,
    );
    for (const row of keys.rows as { set_id: string; n: number }[]) expect(row.n, row.set_id).toBe(1);
    expect((await database.query('SELECT id FROM token.client ORDER BY id')).rows).toEqual([
      { id: 'admin' },
      { id: 'c2' },
    ]);
  });

  it('finish a flow that the other one started, and know each other’s tokens', async () => {
    const answer = await redeem(one, await codeAcrossInstances());
    expect(answer.status, answer.text).toBe(200);
    const { access_token } = JSON.parse(answer.text) as { access_token: string };
    const seen = await send(`${two.publicUrl}/oauth2/introspect`, {
      form: { token: access_token },
      basic: ['c2', 'consumer-secret'],
    });
    expect(JSON.parse(seen.text)).toMatchObject({ active: true, sub: 'user:12345:dandean' });
    const revoked = await send(`${two.publicUrl}/oauth2/revoke`, {
      form: { token: access_token },
      basic: ['c2', 'consumer-secret'],
    });
    expect(revoked.status).toBe(200);
    const after = await send(`${one.publicUrl}/oauth2/introspect`, {
      form: { token: access_token },
      basic: ['c2', 'consumer-secret'],
    });
    expect(JSON.parse(after.text)).toEqual({ active: false });
  });

  it('redeem one code once, of 64 redemptions at the same time over both', async () => {
    for (let round = 0; round < 5; round++) {
      const code = await codeAcrossInstances();
      const answers = await Promise.all(
        Array.from({ length: 64 }, (_, index) => redeem(index % 2 === 0 ? one : two, code)),
      );
      expect(answers.filter((answer) => answer.status === 200)).toHaveLength(1);
      for (const answer of answers.filter((each) => each.status !== 200))
        expect([answer.status, JSON.parse(answer.text)]).toMatchObject([400, { error: 'invalid_grant' }]);
    }
  });

  it('hand one successor pair to 64 refreshes of one token at the same time over both', async () => {
    const tokens = JSON.parse((await redeem(one, await codeAcrossInstances())).text) as { refresh_token: string };
    const answers = await Promise.all(
      Array.from({ length: 64 }, (_, index) =>
        send(`${(index % 2 === 0 ? one : two).publicUrl}/oauth2/token`, {
          form: { grant_type: 'refresh_token', refresh_token: tokens.refresh_token },
          basic: ['c2', 'consumer-secret'],
        }),
      ),
    );
    const pairs = answers.map(({ status, text }) => {
      const pair = JSON.parse(text) as { refresh_token: string; access_token: string };
      return [status, pair.refresh_token, pair.access_token].join(' ');
    });
    expect(new Set(pairs).size).toBe(1);
    expect(pairs[0]).toMatch(/^200 ct_rt_/);
  });

  it('a policy written on one is obeyed by the next check on the other', async () => {
    const [tokenOne, tokenTwo] = [await rootToken(one), await rootToken(two)];
    for (let round = 0; round < 20; round++) {
      const id = `fence-${round}`;
      const policy = { id, subjects: ['peter'], effect: 'allow', resources: [`thing:${round}`], actions: ['read'] };
      const check = async (): Promise<unknown> =>
        JSON.parse(
          (
            await send(`${two.adminUrl}/warden/allowed`, {
              bearer: tokenTwo,
              json: { subject: 'peter', action: 'read', resource: `thing:${round}` },
            })
          ).text,
        ) as unknown;
      expect(await check()).toEqual({ allowed: false });
      expect((await send(`${one.adminUrl}/policies`, { bearer: tokenOne, json: policy })).status).toBe(201);
      expect(await check()).toEqual({ allowed: true });
      expect((await send(`${one.adminUrl}/policies/${id}`, { bearer: tokenOne, method: 'DELETE' })).status).toBe(204);
      expect(await check()).toEqual({ allowed: false });
    }
  });

  it('keeps every acknowledged write when one is killed in the middle of its work', async () => {
    const bearer = await rootToken(two);
    const acknowledged: string[] = [];
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let n = 0; n < 40; n++) {
        const id = `killed-${writer}-${n}`;
        const answer = await send(`${two.adminUrl}/policies`, {
          bearer,
          json: { id, subjects: ['s'], effect: 'allow', resources: ['r'], actions: ['a'] },
        }).catch(() => undefined);
        if (answer === undefined) return;
        if (answer.status === 201) acknowledged.push(id);
        if (acknowledged.length === 60) void two.stop('SIGKILL');
      }
    });
    await Promise.all(writers);
    const kept = await database.query(`SELECT id FROM warden.policy WHERE id LIKE 'killed-%'`);
    const ids = (kept.rows as { id: string }[]).map((row) => row.id);
    expect(acknowledged.length).toBeGreaterThanOrEqual(60);
    expect(acknowledged.filter((id) => !ids.includes(id))).toEqual([]);
    expect((await send(`${one.publicUrl}/health/ready`)).status).toBe(200);
  });

  it('token user and the rest of the command line work against either', async () => {
    const line = commandLine();
    await line.run(['connect'], `${one.publicUrl}\nadmin\ndemo-password\n`);
    expect((await line.run(['token', 'client', '--skip-tls-verify'])).code).toBe(0);
    line.remove();
  });
});
