import { outboxStoreContract } from '@castellan/oauth2/testing';
import { createTestDatabase } from '../testing.js';
import { createOutboxStore } from './outbox-store.js';

outboxStoreContract('PostgreSQL', async () => {
  const test = await createTestDatabase('token');
  return {
    outbox: createOutboxStore(test.database),
    replica: createOutboxStore(await test.openReplica()),
    advanceClock: (milliseconds) => test.advanceClock(milliseconds),
    close: () => test.drop(),
  };
});
