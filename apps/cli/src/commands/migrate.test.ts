import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, testServerUrl, type TestDatabase } from '@castellan/postgres/testing';
import { createCommandLine } from '../testing/run-command.js';

const cli = createCommandLine();
const name = `cli_${randomBytes(6).toString('hex')}`;

let neighbour: TestDatabase;

beforeAll(async () => {
  neighbour = await createTestDatabase('keys');
  await neighbour.database.pool.query(`CREATE DATABASE ${name}`);
});
afterAll(async () => {
  await neighbour.database.pool.query(`DROP DATABASE ${name} WITH (FORCE)`);
  await neighbour.drop();
});

describe('migrate sql', () => {
  it('applies the migrations of each component, and none the second time', async () => {
    const first = await cli.run(['migrate', 'sql', testServerUrl(name)]);
    expect(first).toMatchObject({ exitCode: 0, stderr: '' });
    const counts = [...first.stdout.matchAll(/^Applied (\d+) `(\w+)` SQL migrations\.$/gm)];
    expect(counts.map(([, , component]) => component).sort()).toEqual(['keys', 'token', 'warden']);
    const total = counts.reduce((sum, [, count]) => sum + Number(count), 0);
    expect(total).toBeGreaterThan(0);
    expect(first.stdout).toMatch(/^Applying `keys` SQL migrations\.\.\.$/m);
    expect(first.stdout).toMatch(
      new RegExp(`\nMigration successful! Applied a total of ${total} SQL migrations\\.\nMigration successful!\n$`),
    );

    const second = await cli.run(['migrate', 'sql', '-e'], { env: { DATABASE_URL: testServerUrl(name) } });
    expect(second.exitCode).toBe(0);
    expect(second.stdout).toContain('Applied a total of 0 SQL migrations.');
  });

  it.each(['memory', 'mysql://user:secret@tcp(localhost:3306)/db'])(
    'refuses %s in one line that names embedded',
    async (url) => {
      const outcome = await cli.run(['migrate', 'sql', url]);
      expect(outcome).toMatchObject({ exitCode: 1, stdout: '' });
      expect(outcome.stderr).toMatch(/^An error occurred while connecting to SQL: .*embedded.*\n$/);
      expect(outcome.stderr).not.toContain('secret');
    },
  );

  it('fails for a database that is not there', async () => {
    const outcome = await cli.run(['migrate', 'sql', testServerUrl('no_such_database')]);
    expect(outcome.exitCode).toBe(1);
    expect(outcome.stderr).toMatch(/^An error occurred while connecting to SQL: .*no_such_database/);
  });

  it('says which variable is missing', async () => {
    const outcome = await cli.run(['migrate', 'sql', '-e']);
    expect(outcome).toMatchObject({ exitCode: 1 });
    expect(outcome.stderr).toContain('DATABASE_URL is not set');
  });
});
