import { randomBytes } from 'node:crypto';
import { createJsonSeal, createSessionSeal, defaultLifetimes } from '@castellan/oauth2';
import { logoutRequestStoreContract } from '@castellan/oauth2/testing';
import { createPartitionKeeper } from '../partitions.js';
import { createTestDatabase } from '../testing.js';
import { createAuthorizationRequestStore } from './authorization-request-store.js';
import { createClientStore } from './client-store.js';
import { createLoginSessionStore } from './login-session-store.js';
import { createLogoutRequestStore } from './logout-request-store.js';
import { createOutboxStore } from './outbox-store.js';
import { tokenPartitionedTables } from './token-partitions.js';
import { createTokenStore } from './token-store.js';

const key = () => ({ id: randomBytes(4), key: randomBytes(32) });
const grants = createSessionSeal({ keys: [key()], randomBytes });
const seal = createJsonSeal({ keys: [key()], randomBytes });

logoutRequestStoreContract('PostgreSQL', async () => {
  const test = await createTestDatabase('token');
  const keeper = createPartitionKeeper(test.database, tokenPartitionedTables(defaultLifetimes));
  return {
    logouts: createLogoutRequestStore(test.database),
    replica: createLogoutRequestStore(await test.openReplica()),
    requests: createAuthorizationRequestStore(test.database, keeper, grants, seal),
    sessions: createLoginSessionStore(test.database),
    outbox: createOutboxStore(test.database),
    clients: createClientStore(test.database),
    tokens: createTokenStore(test.database, keeper, grants),
    now: () => test.database.now(),
    advanceClock: (milliseconds) => test.advanceClock(milliseconds),
    close: () => test.drop(),
  };
});
