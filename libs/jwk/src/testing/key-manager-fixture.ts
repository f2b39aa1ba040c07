import { randomBytes } from 'node:crypto';
import { createKeyRing } from '../key-ring.js';
import { createKeySets, type KeySets } from '../key-sets.js';
import type { KeyActor, StoredKey } from '../key-store.js';
import { ensureOwnSets } from '../own-keys.js';
import { createSealer, type Sealer } from '../seal.js';
import { createSigning, type Signing } from '../signing.js';
import { createMemoryKeyStore, type MemoryKeyStore } from './memory-key-store.js';

/** A key manager over memory. */
export type KeyManagerFixture = {
  readonly store: MemoryKeyStore;
  readonly sealer: Sealer;
  readonly sets: KeySets;
  readonly signing: Signing;
  /** What was given away, as `set/kid by peer`. */
  readonly released: string[];
  readonly actor: KeyActor;
};

const sealer = createSealer({ secrets: ['the system secret of a test'], randomBytes });
const generation = { rsaBits: 2048, randomBytes };

// Made once: RSA keys are slow to make, and no fixture shares anything else.
let ownRows: Promise<readonly StoredKey[]> | undefined;

async function makeOwnRows(): Promise<readonly StoredKey[]> {
  const store = createMemoryKeyStore();
  await ensureOwnSets({ store, sealer, generation, onMissing: () => undefined });
  return store.rows();
}

/** Makes a key manager with small keys over a store; with the own sets where wanted. */
export async function createKeyManagerFixture(
  options: { readonly store?: MemoryKeyStore; readonly exportPrivate?: boolean; readonly ownSets?: boolean } = {},
): Promise<KeyManagerFixture> {
  const rows = options.ownSets === true ? await (ownRows ??= makeOwnRows()) : [];
  const store = options.store ?? createMemoryKeyStore(rows);
  const ring = createKeyRing(store, sealer);
  const released: string[] = [];
  const sets = createKeySets({
    store,
    sealer,
    ring,
    generation,
    exportPrivate: options.exportPrivate ?? true,
    onRelease: (set, kid, actor) => released.push(`${set}/${kid} by ${actor.peer}`),
  });
  return { store, sealer, sets, signing: createSigning(ring), released, actor: { peer: 'admin', requestId: 'r' } };
}
