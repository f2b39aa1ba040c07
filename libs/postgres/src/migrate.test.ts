import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { QueryRunner } from 'typeorm';
import { afterEach, describe, expect, it } from 'vitest';
import { components, openDatabase, refusedServer, schemas } from './database.js';
import { migrate } from './migrate.js';
import { testServerUrl } from './testing.js';
import { tokenMigrations } from './token/migrations.js';
import { createPostgresDecisionLog } from './warden/decision-log.js';

/** What the release before could not run on. */
const TAKES_AWAY = [
  /\bDROP (?:TABLE|COLUMN|FUNCTION|SCHEMA)\b/i,
  /\bRENAME\b/i,
  /\bSET NOT NULL\b/i,
  /\bALTER COLUMN \w+ (?:SET DATA )?TYPE\b/i,
  /\bADD COLUMN(?![^,;]*\b(?:DEFAULT|GENERATED)\b)[^,;]*(?<!\bIS )\bNOT NULL\b/i,
];

const made: string[] = [];

async function emptyDatabase(): Promise<string> {
  const name = `empty_${randomBytes(6).toString('hex')}`;
  await onServer(`CREATE DATABASE ${name}`);
  made.push(name);
  return testServerUrl(name);
}

function onServer(sql: string): Promise<void> {
  return onDatabase(testServerUrl('postgres'), sql);
}

async function onDatabase(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(sql);
  await client.end();
}

function run(url: string, roles = false): Promise<{ total: number; lines: string[] }> {
  const lines: string[] = [];
  return migrate({ urls: { keys: url, warden: url, token: url }, roles, onProgress: (line) => lines.push(line) }).then(
    (total) => ({ total, lines }),
  );
}

afterEach(async () => {
  for (const name of made.splice(0)) await onServer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
});

describe('migrate', () => {
  it('says per component what it applies, and applies nothing the second time', async () => {
    const url = await emptyDatabase();
    const first = await run(url);
    expect(first.total).toBeGreaterThanOrEqual(1);
    expect(first.lines).toContain('Applying `token` SQL migrations...');
    expect(first.lines).toContain(`Applied ${tokenMigrations.length} \`token\` SQL migrations.`);
    const second = await run(url);
    expect(second.total).toBe(0);
    expect(second.lines).toContain('Applied 0 `token` SQL migrations.');
  });

  it('lets two migrators at once take turns', async () => {
    const url = await emptyDatabase();
    const [one, two] = await Promise.all([run(url), run(url)]);
    const again = await run(url);
    expect(one.total + two.total).toBeGreaterThanOrEqual(1);
    expect(again.total).toBe(0);
  });

  it('makes least-privilege roles that reach one schema each', async () => {
    const url = await emptyDatabase();
    await run(url, true);
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query('SET ROLE castellan_warden');
    await expect(client.query('SELECT * FROM token.client')).rejects.toThrow(/permission denied/);
    await client.query('RESET ROLE; SET ROLE castellan_token');
    await client.query('SELECT * FROM token.client');
    await client.end();
  });

  it('gives the role of the Warden what its decision log needs, also where the log was kept before, and no more', async () => {
    const url = await emptyDatabase();
    await run(url);
    await recordThenForget(url, -30, false);
    await run(url, true);
    const login = `warden_${randomBytes(6).toString('hex')}`;
    await onServer(`CREATE ROLE ${login} LOGIN PASSWORD 'of-a-test' IN ROLE castellan_warden`);
    const restricted = Object.assign(new URL(url), { username: login, password: 'of-a-test' });
    try {
      // It makes a partition, and drops the one that another role made and that is over.
      await recordThenForget(restricted.href, 0, true);
      await expect(inDatabase(url, 'SELECT FROM warden.decision')).resolves.toHaveLength(1);
      for (const more of [
        'CREATE TABLE public.x ()',
        'CREATE TABLE token.x ()',
        'SELECT FROM token.client',
        'DROP TABLE warden.policy',
      ]) {
        await expect(inDatabase(restricted.href, more), more).rejects.toThrow(/permission denied|must be owner/);
      }
    } finally {
      await inDatabase(url, `DROP OWNED BY ${login}`);
      await onServer(`DROP ROLE ${login}`);
    }
  });
});

/** Records a decision of so many days from now, and forgets those that are over. */
async function recordThenForget(url: string, days: number, forget: boolean): Promise<void> {
  const database = await openDatabase({ url, component: 'warden' });
  try {
    const log = createPostgresDecisionLog(database, 3_600_000);
    await log.append([{ ...decision, decidedAt: Date.now() + days * 86_400_000 }]);
    if (forget) await log.forget();
  } finally {
    await database.close();
  }
}

const decision = {
  door: 'check',
  caller: 'client',
  requestId: 'r1',
  subject: 'peter',
  clientId: '',
  resource: 'articles:1',
  action: 'read',
  context: {},
  redacted: [],
  groups: [],
  allowed: true,
  reason: '',
  revision: 1,
};

async function inDatabase(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

describe('migrations', () => {
  const all = components.flatMap((component) =>
    schemas[component].migrations.map((migration) => ({ component, migration })),
  );

  it.each(all)('of $component only add, unless named so: $migration.name', async ({ migration: Migration }) => {
    const statements: string[] = [];
    const recorder = { query: (text: string) => Promise.resolve(void statements.push(text)) };
    await new Migration().up(recorder as unknown as QueryRunner);
    expect(statements).not.toEqual([]);
    const text = statements.join(';\n');
    const takesAway = TAKES_AWAY.some((pattern) => pattern.test(text));
    expect(takesAway).toBe(Migration.name.startsWith('Contract'));
  });

  it.each([
    'ALTER TABLE token.client DROP COLUMN settings',
    'DROP TABLE token.outbox',
    'ALTER TABLE token.client RENAME COLUMN a TO b',
    'ALTER TABLE token.client ADD COLUMN a text NOT NULL, ADD COLUMN b text',
    'ALTER TABLE token.client ALTER COLUMN a SET NOT NULL',
    'ALTER TABLE token.client ALTER COLUMN a TYPE bigint',
  ])('that take away are known: %s', (text) => {
    expect(TAKES_AWAY.some((pattern) => pattern.test(text))).toBe(true);
  });
});

describe('openDatabase', () => {
  it.each([
    ['9.6.24', 90_624, 'PostgreSQL 9.6.24 is too old: version 14 or newer is needed'],
    ['13.18', 130_018, 'PostgreSQL 13.18 is too old: version 14 or newer is needed'],
    ['14.0', 140_000, undefined],
    ['18.4', 180_004, undefined],
  ])('judges a PostgreSQL %s by its version', (version, number, refusal) => {
    expect(refusedServer(version, number)).toBe(refusal);
  });

  it('refuses a database that is not migrated and names the command', async () => {
    const url = await emptyDatabase();
    await expect(openDatabase({ url, component: 'token' })).rejects.toThrow(/castellan migrate sql/);
  });

  it('serves on the schema of a later release, which an upgrade and a rollback leave behind', async () => {
    const url = await emptyDatabase();
    await run(url);
    await onDatabase(
      url,
      `INSERT INTO token.migration (timestamp, name) VALUES (9999999999999, 'Novelty9999999999999')`,
    );
    const database = await openDatabase({ url, component: 'token', poolSize: 1 });
    await database.close();
    expect((await run(url)).total).toBe(0);
  });

  it('refuses a schema from which a later release took something away', async () => {
    const url = await emptyDatabase();
    await run(url);
    const name = 'ContractFamily9999999999999';
    await onDatabase(url, `INSERT INTO token.migration (timestamp, name) VALUES (9999999999999, '${name}')`);
    const opening = openDatabase({ url, component: 'token', poolSize: 1 });
    await expect(opening).rejects.toMatchObject({ reason: 'newer', message: expect.stringContaining(name) as string });
  });

  it('gives up on a server that does not answer, without the password in the message', async () => {
    const url = 'postgres://someone:very-secret@127.0.0.1:1/none?sslmode=disable';
    const failure = await openDatabase({ url, component: 'token', connectTimeoutMs: 50 }).catch(
      (cause: unknown) => cause,
    );
    expect(String(failure)).toMatch(/ECONNREFUSED/);
    expect(String(failure)).not.toContain('very-secret');
  });

  it.each([
    ['memory', /embedded/],
    ['mysql://a:b@tcp(host:1)/db', /embedded/],
    ['redis://x', /Unknown scheme/],
    ['postgres://u:p@h:5432/', /names no database/],
    ['postgres://u:p@h/db?sslmode=maybe', /Unknown sslmode/],
  ])('refuses the DATABASE_URL %s in one line', async (url, words) => {
    await expect(openDatabase({ url, component: 'token' })).rejects.toThrow(words);
  });
});
