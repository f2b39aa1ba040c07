import { type NamedJwk, publicPart } from './jwk.js';
import type { KeyStore, StoredKey } from './key-store.js';
import { publicName } from './key-names.js';
import type { KeyState } from './life-cycle.js';
import { findOwnSet } from './own-sets.js';
import type { Sealer } from './seal.js';
import { openSigner, type Signer } from './signer.js';
import { thumbprint } from './thumbprint.js';

/** A key of a set, opened as far as it has been asked for. */
export type RingKey = {
  readonly stored: StoredKey;
  /** The public part under its public name; undefined for a secret. */
  publicJwk(): NamedJwk | undefined;
  /** Signs with the private or secret key, which cannot be got back out of it. */
  signer(): Signer;
  /** Whether this is a key of an own set that is named by its thumbprint, so that policies know it as `public`. */
  namedByThumbprint(): boolean;
};

/** Reads sets through a cache that is never stale. */
export type KeyRing = {
  /** The keys of a set, current first, as of a moment after the call. Throws SealError when one was tampered with. */
  keys(set: string): Promise<readonly RingKey[]>;
};

const MAX_CACHED_SETS = 1_000;

/**
 * Makes a key ring. Opened keys are kept in process under the version of their row; each call asks the store for its
 * revision first and reads the set again when it has moved, so that a key made or deleted anywhere is seen at once.
 */
export function createKeyRing(store: KeyStore, sealer: Sealer): KeyRing {
  const cache = new Map<string, { readonly revision: number; readonly keys: readonly RingKey[] }>();

  return {
    async keys(set) {
      const revision = await store.revision();
      const cached = cache.get(set);
      if (cached !== undefined && cached.revision >= revision) return cached.keys;
      const snapshot = await store.readSet(set);
      const known = cache.get(set);
      const keys = currentFirst(
        snapshot.keys.map((stored) => sameRow(known?.keys, stored) ?? createRingKey(stored, sealer)),
      );
      if (keys.length === 0) cache.delete(set);
      else if (known === undefined || known.revision < snapshot.revision) {
        if (cache.size >= MAX_CACHED_SETS) cache.clear();
        cache.set(set, { revision: snapshot.revision, keys });
      }
      return keys;
    },
  };
}

/** Opens a stored key. Throws SealError. */
export function openStoredKey(stored: StoredKey, sealer: Sealer): NamedJwk {
  return { ...(JSON.parse(sealer.open(stored.sealed, stored)) as NamedJwk), kid: stored.kid };
}

function sameRow(keys: readonly RingKey[] | undefined, stored: StoredKey): RingKey | undefined {
  const known = keys?.find((key) => key.stored.kid === stored.kid && key.stored.version === stored.version);
  // What was opened stays open; where the key stands in its life may have moved.
  return known === undefined ? undefined : { ...known, stored };
}

/** The key that signs now, those that verify, those that will; keys without a life keep their order, newest first. */
function currentFirst(keys: readonly RingKey[]): readonly RingKey[] {
  const place = ({ stored }: RingKey): number => (stored.life === undefined ? 0 : places[stored.life.state]);
  return keys.toSorted((one, other) => place(one) - place(other));
}

const places: Readonly<Record<KeyState, number>> = { active: 0, published: 1, retiring: 2, staged: 3 };

function createRingKey(stored: StoredKey, sealer: Sealer): RingKey {
  const publicJwk = once(() => {
    if (stored.part === 'secret') return undefined;
    const jwk = publicPart(openStoredKey(stored, sealer));
    return jwk === undefined ? undefined : { ...jwk, kid: publicName(stored.kid) };
  });
  return {
    stored,
    publicJwk,
    signer: once(() => openSigner(openStoredKey(stored, sealer))),
    namedByThumbprint: once(() => {
      const jwk = findOwnSet(stored.set) === undefined || stored.part !== 'private' ? undefined : publicJwk();
      return jwk !== undefined && thumbprint(jwk) === stored.kid;
    }),
  };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
