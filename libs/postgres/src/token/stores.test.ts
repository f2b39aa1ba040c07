import { defaultLifetimes } from '@castellan/oauth2';
import { clientStoreContract, tokenStoreContract } from '@castellan/oauth2/testing';
import { createPartitionKeeper } from '../partitions.js';
import { createTestDatabase } from '../testing.js';
import { createClientStore } from './client-store.js';
import { dumpTokenTables, storeOutcome } from './token-testing.js';
import { tokenPartitionedTables } from './token-partitions.js';
import { createTokenStore } from './token-store.js';

clientStoreContract('PostgreSQL', async () => {
  const test = await createTestDatabase('token');
  return {
    clients: createClientStore(test.database),
    replica: createClientStore(await test.openReplica()),
    close: () => test.drop(),
  };
});

tokenStoreContract('PostgreSQL', {
  rounds: 500,
  async open() {
    const test = await createTestDatabase('token');
    const other = await test.openReplica();
    const keeper = createPartitionKeeper(test.database, tokenPartitionedTables(defaultLifetimes));
    const tokens = createTokenStore(test.database, keeper);
    return {
      clients: createClientStore(test.database),
      tokens,
      replica: createTokenStore(other, createPartitionKeeper(other, tokenPartitionedTables(defaultLifetimes))),
      storeOutcome: (outcome) => storeOutcome(test.database, keeper, outcome),
      async advanceClock(milliseconds) {
        await test.advanceClock(milliseconds);
        // Any statement of the keeper or the store notes the clock; this one has nothing else to do.
        await keeper.makeAhead();
      },
      dump: () => dumpTokenTables(test.database),
      close: () => test.drop(),
    };
  },
});
