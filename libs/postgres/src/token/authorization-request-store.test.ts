import { randomBytes } from 'node:crypto';
import { createSessionSeal, defaultLifetimes } from '@castellan/oauth2';
import { authorizationRequestStoreContract } from '@castellan/oauth2/testing';
import { createPartitionKeeper } from '../partitions.js';
import { createTestDatabase } from '../testing.js';
import { createAuthorizationRequestStore } from './authorization-request-store.js';
import { createClientStore } from './client-store.js';
import { tokenPartitionedTables } from './token-partitions.js';
import { createTokenStore } from './token-store.js';

const sessions = createSessionSeal({ keys: [{ id: randomBytes(4), key: randomBytes(32) }], randomBytes });

authorizationRequestStoreContract('PostgreSQL', async () => {
  const test = await createTestDatabase('token');
  const replica = await test.openReplica();
  const keeper = createPartitionKeeper(test.database, tokenPartitionedTables(defaultLifetimes));
  return {
    requests: createAuthorizationRequestStore(test.database, keeper, sessions),
    replica: createAuthorizationRequestStore(
      replica,
      createPartitionKeeper(replica, tokenPartitionedTables(defaultLifetimes)),
      sessions,
    ),
    clients: createClientStore(test.database),
    tokens: createTokenStore(test.database, keeper, sessions),
    now: () => test.database.now(),
    advanceClock: (milliseconds) => test.advanceClock(milliseconds),
    close: () => test.drop(),
  };
});
