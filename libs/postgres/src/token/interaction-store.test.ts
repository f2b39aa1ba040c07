import { randomBytes } from 'node:crypto';
import { createJsonSeal, createSessionSeal, defaultLifetimes } from '@castellan/oauth2';
import { interactionStoreContract } from '@castellan/oauth2/testing';
import { createPartitionKeeper } from '../partitions.js';
import { createTestDatabase } from '../testing.js';
import { createAuthorizationRequestStore } from './authorization-request-store.js';
import { createClientStore } from './client-store.js';
import { createConsentStore } from './consent-store.js';
import { createLoginSessionStore } from './login-session-store.js';
import { tokenPartitionedTables } from './token-partitions.js';
import { createTokenStore } from './token-store.js';

const key = () => ({ id: randomBytes(4), key: randomBytes(32) });
const grants = createSessionSeal({ keys: [key()], randomBytes });
const seal = createJsonSeal({ keys: [key()], randomBytes });

interactionStoreContract('PostgreSQL', async () => {
  const test = await createTestDatabase('token');
  const replica = await test.openReplica();
  const keeper = createPartitionKeeper(test.database, tokenPartitionedTables(defaultLifetimes));
  const replicaKeeper = createPartitionKeeper(replica, tokenPartitionedTables(defaultLifetimes));
  return {
    requests: createAuthorizationRequestStore(test.database, keeper, grants, seal),
    replica: createAuthorizationRequestStore(replica, replicaKeeper, grants, seal),
    sessions: createLoginSessionStore(test.database),
    consents: createConsentStore(replica, seal),
    clients: createClientStore(test.database),
    tokens: createTokenStore(test.database, keeper, grants),
    now: () => test.database.now(),
    advanceClock: (milliseconds) => test.advanceClock(milliseconds),
    close: () => test.drop(),
  };
});
