import { logoutRequestStoreContract } from '../testing/logout-request-store.contract.js';
import { createMemoryAuthorizationRequestStore } from '../testing/memory-authorization-request-store.js';
import { createMemoryClientStore } from '../testing/memory-client-store.js';
import { createMemoryConsentStore } from '../testing/memory-consent-store.js';
import { createMemoryLoginSessionStore } from '../testing/memory-login-session-store.js';
import { createMemoryLogoutRequestStore } from '../testing/memory-logout-request-store.js';
import { createMemoryOutboxStore } from '../testing/memory-outbox-store.js';
import { createMemoryTokenStore } from '../testing/memory-token-store.js';

logoutRequestStoreContract('memory', async () => {
  let time = 1_800_000_000_000;
  const now = (): number => time;
  const clients = createMemoryClientStore();
  const outbox = createMemoryOutboxStore(now);
  const tokens = createMemoryTokenStore({ clients, now });
  const sessions = createMemoryLoginSessionStore({ tokens, now, backchannel: { clients, outbox } });
  const consents = createMemoryConsentStore({ clients, tokens, now });
  const requests = createMemoryAuthorizationRequestStore({ clients, outcomes: tokens, now, sessions, consents });
  const logouts = createMemoryLogoutRequestStore({ sessions, now });
  return {
    logouts,
    replica: logouts,
    requests,
    sessions,
    outbox,
    clients,
    tokens,
    now,
    advanceClock: async (milliseconds) => void (time += milliseconds),
    close: async () => undefined,
  };
});
