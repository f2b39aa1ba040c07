import { createMemoryKeyStore } from './memory-key-store.js';
import { keyStoreContract } from './key-store.contract.js';

keyStoreContract('memory', async () => {
  let store = createMemoryKeyStore();
  const current: typeof store = {
    rows: () => store.rows(),
    audit: () => store.audit(),
    revision: () => store.revision(),
    readSet: (set) => store.readSet(set),
    releasePrivate: (set, kids, actor) => store.releasePrivate(set, kids, actor),
    changeSet: (set, actor, change) => store.changeSet(set, actor, change),
    countSignatures: (counts) => store.countSignatures(counts),
    signatureCounts: (set) => store.signatureCounts(set),
    exclusively: (work) => store.exclusively(work),
    claimSecrets: (held) => store.claimSecrets(held),
    addSecret: (verifier, actor) => store.addSecret(verifier, actor),
    removeSecret: (keyId, actor) => store.removeSecret(keyId, actor),
    secretUses: () => store.secretUses(),
    resealSome: (keyId, limit, reseal) => store.resealSome(keyId, limit, reseal),
  };
  return {
    store: current,
    replica: current,
    audit: () => Promise.resolve([...store.audit()]),
    clear: async () => {
      store = createMemoryKeyStore();
    },
    close: () => Promise.resolve(),
  };
});
