import { createMemoryAuthorizationRequestStore } from '../testing/memory-authorization-request-store.js';
import { createMemoryClientStore } from '../testing/memory-client-store.js';
import { createMemoryConsentStore } from '../testing/memory-consent-store.js';
import { createMemoryLoginSessionStore } from '../testing/memory-login-session-store.js';
import { createMemoryTokenStore } from '../testing/memory-token-store.js';
import { interactionStoreContract } from './interaction-store.contract.js';

interactionStoreContract('memory', async () => {
  let time = 1_800_000_000_000;
  const now = (): number => time;
  const clients = createMemoryClientStore();
  const tokens = createMemoryTokenStore({ clients, now });
  const sessions = createMemoryLoginSessionStore({ tokens, now });
  const consents = createMemoryConsentStore({ clients, tokens, now });
  const requests = createMemoryAuthorizationRequestStore({ clients, outcomes: tokens, now, sessions, consents });
  return {
    requests,
    replica: requests,
    sessions,
    consents,
    clients,
    tokens,
    now,
    async advanceClock(milliseconds) {
      time += milliseconds;
    },
    async close() {},
  };
});
