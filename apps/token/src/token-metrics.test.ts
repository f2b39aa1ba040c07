import { randomBytes } from 'node:crypto';
import { createClientStore } from '@castellan/postgres';
import { createTestDatabase, type TestDatabase } from '@castellan/postgres/testing';
import { sampleClient } from '@castellan/oauth2/testing';
import { createMetrics } from '@castellan/service';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { watchSecretUses } from './token-metrics.js';

let test: TestDatabase;
beforeEach(async () => {
  test = await createTestDatabase('token');
});
afterEach(() => test.drop());

/** A verifier of a generated secret, as it names the secret it was made with. */
const verifier = (keyId: string) =>
  ({ kind: 'hmac', hash: `${keyId}${randomBytes(32).toString('base64url')}` }) as const;

describe('castellan_token_secret_rows', () => {
  it('counts the rows that hang on each secret, by its key ID, and reads the tables once in five minutes', async () => {
    let monotonic = 1_000_000;
    const clients = createClientStore(test.database);
    const insert = (id: string, keyId: string) => clients.insert({ ...sampleClient(), id }, verifier(keyId));
    const metrics = createMetrics();
    watchSecretUses(metrics, test.database, () => monotonic);
    const rows = async (): Promise<readonly string[]> =>
      (await metrics.registry.metrics()).split('\n').filter((line) => line.startsWith('castellan_token_secret_rows{'));
    await insert('one', 'aaaaaaaa.');
    await insert('two', 'aaaaaaaa.');
    await insert('three', 'bbbbbbbb.');
    await insert('old', '');
    const first = [
      'castellan_token_secret_rows{table="client",secret=""} 1',
      'castellan_token_secret_rows{table="client",secret="aaaaaaaa"} 2',
      'castellan_token_secret_rows{table="client",secret="bbbbbbbb"} 1',
    ];
    expect([...(await rows())].sort()).toEqual(first);
    await insert('four', 'bbbbbbbb.');
    expect([...(await rows())].sort()).toEqual(first);
    monotonic += 5 * 60_000;
    expect(await rows()).toContain('castellan_token_secret_rows{table="client",secret="bbbbbbbb"} 2');
  });

  it('is read again at once when the database was away', async () => {
    const metrics = createMetrics();
    watchSecretUses(metrics, test.database, () => 0);
    await createClientStore(test.database).insert(sampleClient(), verifier('aaaaaaaa.'));
    await test.database.query('hide', 'ALTER TABLE token.client RENAME TO hidden');
    expect(await metrics.registry.metrics()).not.toContain('castellan_token_secret_rows{');
    await test.database.query('show', 'ALTER TABLE token.hidden RENAME TO client');
    expect(await metrics.registry.metrics()).toContain(
      'castellan_token_secret_rows{table="client",secret="aaaaaaaa"} 1',
    );
  });
});
