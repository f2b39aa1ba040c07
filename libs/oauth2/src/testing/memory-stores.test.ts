import type { AuthorizationOutcome } from '../token/token-store.js';
import { createMemoryResourceServerStore } from './memory-resource-server-store.js';
import { resourceServerStoreContract } from './resource-server-store.contract.js';
import { assertionStoreContract } from './assertion-store.contract.js';
import { createMemoryAssertionStore } from './memory-assertion-store.js';
import { clientStoreContract } from './client-store.contract.js';
import { createMemoryClientStore } from './memory-client-store.js';
import { createMemoryOutboxStore } from './memory-outbox-store.js';
import { createMemoryRegistrationStore } from './memory-registration-store.js';
import { createMemoryTokenStore } from './memory-token-store.js';
import { outboxStoreContract } from './outbox-store.contract.js';
import { registrationStoreContract } from './registration-store.contract.js';
import { statelessTokenStoreContract } from './stateless-token-store.contract.js';
import { tokenInspectionContract } from './token-inspection.contract.js';
import { tokenStoreContract } from './token-store.contract.js';

clientStoreContract('memory', async () => {
  let now = Date.UTC(2026, 0, 1);
  const clients = createMemoryClientStore(() => now);
  return {
    clients,
    replica: clients,
    advanceClock: async (milliseconds) => void (now += milliseconds),
    close: async () => undefined,
  };
});

async function openTokens() {
  let now = Date.UTC(2026, 0, 1);
  const clients = createMemoryClientStore();
  const tokens = createMemoryTokenStore({ clients, now: () => now });
  return {
    clients,
    tokens,
    replica: tokens,
    inspection: tokens.inspection,
    stateless: tokens.statelessTokens,
    statelessReplica: tokens.statelessTokens,
    storeOutcome: async (outcome: AuthorizationOutcome) => tokens.storeOutcome(outcome),
    advanceClock: async (milliseconds: number) => void (now += milliseconds),
    dump: async () => tokens.dump(),
    close: async () => undefined,
  };
}

tokenStoreContract('memory', { rounds: 20, open: openTokens });

statelessTokenStoreContract('memory', openTokens);

tokenInspectionContract('memory', openTokens);

assertionStoreContract('memory', async () => {
  let now = Date.UTC(2026, 0, 1);
  const assertions = createMemoryAssertionStore(() => now);
  return {
    assertions,
    replica: assertions,
    now: () => now,
    advanceClock: async (milliseconds) => void (now += milliseconds),
    close: async () => undefined,
  };
});

registrationStoreContract('memory', async () => {
  let now = Date.UTC(2026, 0, 1);
  const clients = createMemoryClientStore();
  return {
    clients,
    registrations: createMemoryRegistrationStore({ clients, now: () => now }),
    advanceClock: async (milliseconds) => void (now += milliseconds),
    close: async () => undefined,
  };
});

outboxStoreContract('memory', async () => {
  let now = Date.UTC(2026, 0, 1);
  const outbox = createMemoryOutboxStore(() => now);
  return {
    outbox,
    replica: outbox,
    advanceClock: async (milliseconds) => void (now += milliseconds),
    close: async () => undefined,
  };
});

resourceServerStoreContract('memory', async () => {
  const servers = createMemoryResourceServerStore();
  return { servers, replica: servers, close: async () => undefined };
});
