import { createMemoryAuthorizationRequestStore } from '../testing/memory-authorization-request-store.js';
import { createMemoryClientStore } from '../testing/memory-client-store.js';
import { createMemoryTokenStore } from '../testing/memory-token-store.js';
import { authorizationRequestStoreContract } from './authorization-request-store.contract.js';

authorizationRequestStoreContract('memory', async () => {
  let time = 1_800_000_000_000;
  const now = (): number => time;
  const clients = createMemoryClientStore();
  const tokens = createMemoryTokenStore({ clients, now });
  const requests = createMemoryAuthorizationRequestStore({ clients, outcomes: tokens, now });
  return {
    requests,
    replica: requests,
    clients,
    tokens,
    now,
    async advanceClock(milliseconds) {
      time += milliseconds;
    },
    async close() {},
  };
});
