import type { KeyGeneration } from './generate-key.js';
import type { NamedJwk } from './jwk.js';
import { KeyError } from './key-error.js';
import { openStoredKey } from './key-ring.js';
import { refuseFull } from './key-set-rules.js';
import type { KeyActor, KeySetChange, KeyStore, StoredKey } from './key-store.js';
import { activeAtOnce, type KeyLife } from './life-cycle.js';
import { findOwnSet, isLiving, type OwnSet, ownSets } from './own-sets.js';
import { makeKey } from './rotation.js';
import type { Sealer } from './seal.js';
import { sealKeys } from './sealed-key.js';

type Workshop = { readonly store: KeyStore; readonly sealer: Sealer; readonly generation: KeyGeneration };

// The actor in the audit for what the key manager does by itself.
const itself: KeyActor = { peer: 'keys', requestId: '' };

/**
 * Makes the own sets that hold no key. Replicas that start together take turns, so each set gets one key.
 * `onMissing` is told the ID of each set before its key is made.
 */
export async function ensureOwnSets(options: Workshop & { readonly onMissing: (set: string) => void }): Promise<void> {
  const { store, sealer } = options;
  if ((await missingSets(store)).length === 0) return;
  await store.exclusively(async () => {
    const missing = await missingSets(store);
    for (const own of missing) options.onMissing(own.set);
    await Promise.all(
      missing.map(async (own) => {
        const jwk = await makeOwnKey(own, options.generation);
        await store.changeSet(own.set, itself, (keys, version, now) => ({
          put: keys.length === 0 ? sealKeys(sealer, own.set, [jwk], version, lifeAtOnce(own, now)) : [],
          answer: undefined,
        }));
      }),
    );
  });
}

/** Makes a new current key in an own set that no life cycle moves; older ones stay for verification. Throws KeyError. */
export async function addOwnKey(
  options: Workshop & {
    readonly own: OwnSet;
    readonly algorithm: string;
    readonly name: string;
    readonly actor: KeyActor;
  },
): Promise<NamedJwk> {
  const { own, store, sealer } = options;
  if (own.algorithm === undefined) throw new KeyError('forbidden', 'keys of this set are made by the server only');
  if (options.name !== '') throw new KeyError('malformed', 'keys of this set are named by their thumbprint');
  if (options.algorithm !== own.algorithm)
    throw new KeyError('malformed', `keys of this set are ${own.algorithm} keys`);
  const jwk = await makeOwnKey(own, options.generation);
  await store.changeSet(own.set, options.actor, (keys, version) => {
    refuseFull(keys, 1);
    return { put: sealKeys(sealer, own.set, [jwk], version), answer: undefined };
  });
  return jwk;
}

/**
 * Removes the keys of a set that `doomed` names. An own set that would be left without a key to sign with gets a fresh one in
 * the same change. Errors of `doomed` are passed on.
 */
export async function deleteKeys(
  options: Workshop & { readonly set: string; readonly actor: KeyActor },
  doomed: (keys: readonly StoredKey[]) => readonly string[],
): Promise<void> {
  const { set, actor, store, sealer } = options;
  const own = findOwnSet(set);

  function attempt(fresh: NamedJwk | undefined): Promise<'done' | 'needs a fresh key'> {
    return store.changeSet(set, actor, (keys, version, now): KeySetChange<'done' | 'needs a fresh key'> => {
      const remove = doomed(keys);
      const left = keys.filter((key) => !remove.includes(key.kid));
      if (!lacksKey(own, left)) return { remove, answer: 'done' };
      if (fresh === undefined || own === undefined) return { answer: 'needs a fresh key' };
      return { remove, put: sealKeys(sealer, set, [fresh], version, lifeAtOnce(own, now)), answer: 'done' };
    });
  }

  if ((await attempt(undefined)) === 'done' || own === undefined) return;
  // Made outside the change: making an RSA key is slow, and a change holds up all others.
  await attempt(await makeOwnKey(own, options.generation));
}

/** The current private key of an own set, opened; undefined when there is none. Never to be answered to a caller. */
export async function readOwnKey(store: KeyStore, sealer: Sealer, set: string): Promise<NamedJwk | undefined> {
  const { keys } = await store.readSet(set);
  const current = keys.find((key) => key.part === 'private');
  return current === undefined ? undefined : openStoredKey(current, sealer);
}

/** Makes a private key the only one of an own set. */
export async function replaceOwnKey(store: KeyStore, sealer: Sealer, set: string, jwk: NamedJwk): Promise<void> {
  await store.changeSet(set, itself, (keys, version) => ({
    remove: keys.map((key) => key.kid),
    put: sealKeys(sealer, set, [jwk], version),
    answer: undefined,
  }));
}

/** Whether what is left of a set has nothing to sign with. */
function lacksKey(own: OwnSet | undefined, left: readonly StoredKey[]): boolean {
  if (own?.algorithm === undefined || own.onDemand === true) return false;
  return isLiving(own) ? !left.some(({ life }) => life?.state === 'active') : left.length === 0;
}

function lifeAtOnce(own: OwnSet, now: number): KeyLife | undefined {
  return isLiving(own) ? activeAtOnce(now) : undefined;
}

function makeOwnKey(own: OwnSet, generation: KeyGeneration): Promise<NamedJwk> {
  if (own.algorithm === undefined) throw new Error('keys of this set are not made here');
  return makeKey(own, own.algorithm, generation);
}

async function missingSets(store: KeyStore): Promise<readonly OwnSet[]> {
  const made = ownSets.filter((own) => own.algorithm !== undefined && own.onDemand !== true);
  const snapshots = await Promise.all(made.map((own) => store.readSet(own.set)));
  return made.filter((_own, index) => snapshots[index]?.keys.length === 0);
}
