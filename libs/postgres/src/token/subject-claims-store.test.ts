import { randomBytes } from 'node:crypto';
import { createSessionSeal, createTokenText, defaultLifetimes, type Grant, newFamily } from '@castellan/oauth2';
import { sampleClient } from '@castellan/oauth2/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPartitionKeeper } from '../partitions.js';
import { createTestDatabase, type TestDatabase } from '../testing.js';
import { createAuthorizationRequestStore } from './authorization-request-store.js';
import { createClientStore } from './client-store.js';
import { createSubjectClaimsStore } from './subject-claims-store.js';
import { tokenPartitionedTables } from './token-partitions.js';
import { createTokenStore } from './token-store.js';

const sessions = createSessionSeal({ keys: [{ id: randomBytes(4), key: randomBytes(32) }], randomBytes });
let test: TestDatabase;

beforeAll(async () => {
  test = await createTestDatabase('token');
});
afterAll(() => test.drop());

async function storeFamily(changes: Partial<Grant>) {
  const keeper = createPartitionKeeper(test.database, tokenPartitionedTables(defaultLifetimes));
  const clients = createClientStore(test.database);
  const tokens = createTokenStore(test.database, keeper, sessions);
  await clients.insert(sampleClient(), undefined);
  const uid = (await clients.find('conf'))?.uid ?? '';
  const mint = {
    tokenText: createTokenText({ keys: [{ id: randomBytes(4), key: randomBytes(32) }], issuer: '', randomBytes }),
    lifetimes: defaultLifetimes,
    now: () => tokens.now(),
    randomBytes,
  };
  const base = { clientId: 'conf', clientUid: uid, subject: 'alice', scopes: ['openid'], audience: [] };
  const family = newFamily(mint, { ...base, accessTokenExtra: {}, idTokenExtra: { name: 'Älice' }, ...changes });
  const requests = createAuthorizationRequestStore(test.database, keeper, sessions);
  const id = randomBytes(32).toString('base64url');
  const request = { id, clientUid: uid, clientId: 'conf', parameters: {}, parametersHash: '', browserHash: '' };
  await requests.insert({ ...request, lifetimeMs: 60_000 }, 10);
  expect(await requests.complete(id, { family })).toBe('won');
  return { key: family.key, tokens };
}

describe('claims about subjects in PostgreSQL', () => {
  it('are found by their family, with the claims that the request asked for', async () => {
    const store = createSubjectClaimsStore(test.database, sessions);
    const plain = await storeFamily({});
    const asked = await storeFamily({ userinfoClaims: ['email', 'name'] });
    const found = await Promise.all([plain.key, { bucket: 1, id: 'no' }, asked.key].map(store.findSubjectClaims));
    expect(found).toEqual([
      { claims: { name: 'Älice' }, requestedClaims: [] },
      undefined,
      { claims: { name: 'Älice' }, requestedClaims: ['email', 'name'] },
    ]);
  });

  it('are gone with their family', async () => {
    const { key, tokens } = await storeFamily({});
    await tokens.revokeFamily(key);
    expect(await createSubjectClaimsStore(test.database, sessions).findSubjectClaims(key)).toBeUndefined();
  });
});
