import { randomBytes } from 'node:crypto';
import { createKeyRing } from '../key-ring.js';
import { createKeySets, type KeySets } from '../key-sets.js';
import type { KeyActor, StoredKey } from '../key-store.js';
import { ensureOwnSets } from '../own-keys.js';
import { createRotation, type Rotation, type SetRules } from '../rotation.js';
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
  readonly rotation: Rotation;
  /** States that keys came into, as `set/state by peer`. */
  readonly changes: string[];
  /** Moves the clock of the store on. */
  advanceClock(ms: number): void;
};

/** Rules of the fixture: published for 2 minutes, shown for an hour and half a minute. */
export const fixtureRules = { maxAgeMs: 60_000, longestLifeMs: 3_600_000, clockSkewMs: 0, algorithm: 'RS256' } as const;

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
  options: {
    readonly store?: MemoryKeyStore;
    readonly exportPrivate?: boolean;
    readonly ownSets?: boolean;
    readonly rules?: Partial<SetRules>;
  } = {},
): Promise<KeyManagerFixture> {
  const rows = options.ownSets === true ? await (ownRows ??= makeOwnRows()) : [];
  let clock = 0;
  const store = options.store ?? createMemoryKeyStore(rows, () => clock);
  const ring = createKeyRing(store, sealer);
  const released: string[] = [];
  const changes: string[] = [];
  const rules = { ...fixtureRules, ...options.rules };
  const rotation = createRotation({
    store,
    sealer,
    generation,
    rules: () => rules,
    onChange: (set, _kid, to, { peer }) => changes.push(`${set}/${to} by ${peer}`),
  });
  const sets = createKeySets({
    store,
    sealer,
    ring,
    generation,
    rotation,
    exportPrivate: options.exportPrivate ?? true,
    onRelease: (set, kid, actor) => released.push(`${set}/${kid} by ${actor.peer}`),
  });
  const signing = createSigning({
    ring,
    now: () => 2_000_000_000_000,
    mayLiveMs: () => rules.longestLifeMs,
    onSign: () => undefined,
  });
  const actor = { peer: 'admin', requestId: 'r' };
  return {
    store,
    sealer,
    sets,
    signing,
    released,
    actor,
    rotation,
    changes,
    advanceClock: (ms) => {
      clock += ms;
    },
  };
}
