import { randomBytes } from 'node:crypto';
import { type AuthorizationOutcome, createSessionSeal, defaultLifetimes } from '@castellan/oauth2';
import {
  assertionStoreContract,
  clientStoreContract,
  resourceServerStoreContract,
  statelessTokenStoreContract,
  tokenInspectionContract,
  tokenStoreContract,
} from '@castellan/oauth2/testing';
import type { Database } from '../database.js';
import { createPartitionKeeper } from '../partitions.js';
import { createTestDatabase } from '../testing.js';
import { createAssertionStore } from './assertion-store.js';
import { createAuthorizationRequestStore } from './authorization-request-store.js';
import { createClientStore } from './client-store.js';
import { createResourceServerStore } from './resource-server-store.js';
import { createStatelessTokenStore } from './stateless-token-store.js';
import { createTokenInspectionStore } from './token-inspection-store.js';
import { tokenPartitionedTables } from './token-partitions.js';
import { createTokenStore } from './token-store.js';

clientStoreContract('PostgreSQL', async () => {
  const test = await createTestDatabase('token');
  return {
    clients: createClientStore(test.database),
    replica: createClientStore(await test.openReplica()),
    advanceClock: (milliseconds) => test.advanceClock(milliseconds),
    close: () => test.drop(),
  };
});

assertionStoreContract('PostgreSQL', async () => {
  const test = await createTestDatabase('token');
  return {
    assertions: createAssertionStore(test.database),
    replica: createAssertionStore(await test.openReplica()),
    now: () => test.database.now(),
    advanceClock: (milliseconds) => test.advanceClock(milliseconds),
    close: () => test.drop(),
  };
});

resourceServerStoreContract('PostgreSQL', async () => {
  const test = await createTestDatabase('token');
  return {
    servers: createResourceServerStore(test.database),
    replica: createResourceServerStore(await test.openReplica()),
    close: () => test.drop(),
  };
});

const sessions = createSessionSeal({ keys: [{ id: randomBytes(4), key: randomBytes(32) }], randomBytes });

function keeperOf(database: Database) {
  return createPartitionKeeper(database, tokenPartitionedTables(defaultLifetimes));
}

/** Every row of the component's tables as text. */
async function dump(database: Database): Promise<string> {
  const tables = [
    'client',
    'family',
    'authorization_code',
    'access_token',
    'refresh_token',
    'refresh_answer',
    'authorization_request',
  ];
  const dumps = await Promise.all(
    tables.map((table) => database.pool.query<{ line: string }>(`SELECT t::text AS line FROM token.${table} t`)),
  );
  return dumps.flatMap(({ rows }) => rows.map(({ line }) => line)).join('\n');
}

async function openTokens() {
  const test = await createTestDatabase('token');
  const replica = await test.openReplica();
  const keeper = keeperOf(test.database);
  const requests = createAuthorizationRequestStore(test.database, keeper, sessions);
  return {
    clients: createClientStore(test.database),
    tokens: createTokenStore(test.database, keeper, sessions),
    replica: createTokenStore(replica, keeperOf(replica), sessions),
    inspection: createTokenInspectionStore(replica),
    stateless: createStatelessTokenStore(test.database, keeper, sessions),
    statelessReplica: createStatelessTokenStore(replica, keeperOf(replica), sessions),
    async storeOutcome(outcome: AuthorizationOutcome) {
      const id = randomBytes(32).toString('base64url');
      const { clientUid, clientId } = outcome.family.grant;
      const hashes = { parametersHash: '', browserHash: '' };
      await requests.insert({ id, clientUid, clientId, parameters: {}, ...hashes, lifetimeMs: 60_000 }, 1_000);
      if ((await requests.complete(id, outcome)) !== 'won') throw new Error('the outcome was not stored');
    },
    async advanceClock(milliseconds: number) {
      await test.advanceClock(milliseconds);
      // Notes the clock, as any statement of a busy service does.
      await keeper.makeAhead();
    },
    dump: () => dump(test.database),
    close: () => test.drop(),
  };
}

tokenStoreContract('PostgreSQL', { rounds: 500, open: openTokens });

statelessTokenStoreContract('PostgreSQL', openTokens);

tokenInspectionContract('PostgreSQL', openTokens);
