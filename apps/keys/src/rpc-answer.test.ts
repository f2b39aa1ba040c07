import { KeyError } from '@castellan/jwk';
import { createKeyStore, openDatabase } from '@castellan/postgres';
import { createTestDatabase } from '@castellan/postgres/testing';
import { describe, expect, it } from 'vitest';
import { answer } from './rpc-answer.js';

describe('answers of the key manager as rpc statuses', () => {
  it.each([
    ['malformed', 'INVALID_ARGUMENT'],
    ['not_found', 'NOT_FOUND'],
    ['already_exists', 'ALREADY_EXISTS'],
    ['forbidden', 'PERMISSION_DENIED'],
    ['too_many', 'RESOURCE_EXHAUSTED'],
  ] as const)('%s is %s', async (from, code) => {
    await expect(answer(Promise.reject(new KeyError(from, 'why')))).rejects.toMatchObject({ code, message: 'why' });
  });

  it('a fault is passed on as it is, to be logged and hidden', async () => {
    const fault = new Error('the sealed key was moved or changed');
    await expect(answer(Promise.reject(fault))).rejects.toBe(fault);
  });

  it('a database that went away is UNAVAILABLE', async () => {
    const test = await createTestDatabase('keys');
    const database = await openDatabase({ url: test.url, component: 'keys', poolSize: 1 });
    const store = createKeyStore(database);
    await store.revision();
    database.pool.on('error', () => undefined);
    await test.drop();
    try {
      await expect(answer(store.readSet('s'))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    } finally {
      await database.close();
    }
  });
});
