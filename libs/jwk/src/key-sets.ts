import { findAlgorithm } from './algorithm.js';
import { acceptKey, acceptKeys } from './accept-keys.js';
import { generateKey, type KeyGeneration } from './generate-key.js';
import { type NamedJwk, partOf, publicPart } from './jwk.js';
import { KeyError } from './key-error.js';
import { checkKeyId, checkSetId, checkSlot, generatedNames } from './key-names.js';
import { type KeyRing, openStoredKey, type RingKey } from './key-ring.js';
import { refuseFull, refuseOtherAlgorithm, refuseTaken } from './key-set-rules.js';
import type { KeyActor, KeyStore } from './key-store.js';
import {
  type KeyView,
  ownViews,
  publicView,
  publicViewName,
  publicViews,
  storedViewName,
  storedViews,
} from './key-view.js';
import { addOwnKey, deleteKeys } from './own-keys.js';
import { findOwnSet, isLiving, type LivingSet, type OwnSet } from './own-sets.js';
import type { Rotation } from './rotation.js';
import type { Sealer } from './seal.js';
import { sealKeys } from './sealed-key.js';

/** What key sets depend on. */
export type KeySetsOptions = {
  readonly store: KeyStore;
  readonly sealer: Sealer;
  readonly ring: KeyRing;
  readonly generation: KeyGeneration;
  readonly rotation: Pick<Rotation, 'rotate'>;
  /** Whether private parts may be read at all. */
  readonly exportPrivate: boolean;
  /** Told of every private part that is given away. */
  readonly onRelease: (set: string, kid: string, actor: KeyActor) => void;
};

/** What to generate; `name` as in generatedNames. */
export type KeyRequest = {
  readonly set: string;
  readonly algorithm: string;
  readonly name: string;
  /** One JWK under the name itself, without a public twin; an empty name becomes a random one. */
  readonly single?: boolean;
};

/** How policies know a key ID: what getKey means by it, and what a write under it would replace or remove. */
export type KeyNames = { readonly read?: string; readonly stored?: string };

/** The key sets as callers work with them. Every method throws KeyError for what it refuses. */
export type KeySets = {
  /**
   * Makes a key (pair) and answers the JWKs made, private part first where it may be shown. In a set that has a life cycle
   * it publishes the next key, which signs later, and answers its public part.
   */
  generate(request: KeyRequest, actor: KeyActor): Promise<readonly KeyView[]>;
  /** Names of the keys that getSet would answer, each once; none of an unknown set. Gives nothing away and is no read. */
  nameSet(set: string): Promise<readonly string[]>;
  /** Names of one key, also where it may not be read. Gives nothing away and is no read. */
  nameKey(set: string, kid: string): Promise<KeyNames>;
  /** Every key, private parts first, the newest first; with `allowed` those of these names only. */
  getSet(set: string, actor: KeyActor, allowed?: ReadonlySet<string>): Promise<readonly KeyView[]>;
  /**
   * The key of exactly that ID; else `public` and `private` name the parts of the newest private key. With `allowed` a key
   * of another name counts as absent.
   */
  getKey(set: string, kid: string, actor: KeyActor, allowed?: ReadonlySet<string>): Promise<KeyView>;
  /** Replaces the keys of a set by the given JWK texts, and answers them as they were understood. */
  putSet(set: string, texts: readonly string[], actor: KeyActor): Promise<readonly KeyView[]>;
  /** Stores one JWK text under a key ID, and answers it as it was understood. */
  putKey(set: string, kid: string, text: string, actor: KeyActor): Promise<KeyView>;
  /** Removes a set. An own set has a fresh key from the same moment on. */
  deleteSet(set: string, actor: KeyActor): Promise<void>;
  deleteKey(set: string, kid: string, actor: KeyActor): Promise<void>;
};

/** Makes the operations on key sets over a store. */
export function createKeySets(options: KeySetsOptions): KeySets {
  const { store, sealer, ring, generation } = options;

  function showsPrivate(own: OwnSet | undefined): boolean {
    return options.exportPrivate && own?.open !== false;
  }

  async function release(set: string, keys: readonly RingKey[], actor: KeyActor): Promise<readonly KeyView[]> {
    if (keys.length === 0) return [];
    const byKid = new Map(keys.map((key) => [key.stored.kid, key]));
    const released = await store.releasePrivate(set, [...byKid.keys()], actor);
    return released.map((stored) => {
      options.onRelease(set, stored.kid, actor);
      const key = byKid.get(stored.kid);
      const resourceName = key === undefined ? stored.kid : storedViewName(key);
      return { jwk: openStoredKey(stored, sealer), resourceName };
    });
  }

  /** What of a set may be shown, by parts; throws KeyError for a malformed set ID. */
  async function readParts(set: string): Promise<{ privates: readonly RingKey[]; publics: readonly RingKey[] }> {
    checkSetId(set);
    const keys = await ring.keys(set);
    const shows = showsPrivate(findOwnSet(set));
    return {
      privates: shows ? keys.filter((key) => key.stored.part !== 'public') : [],
      publics: keys.filter((key) => !shows || key.stored.part === 'public' || key.namedByThumbprint()),
    };
  }

  /** A set of the product that signs has its next key published: it signs when its time has come. */
  async function rotateByRequest(
    own: LivingSet,
    algorithm: string,
    name: string,
    actor: KeyActor,
  ): Promise<readonly KeyView[]> {
    if (name !== '') throw new KeyError('malformed', 'keys of this set are named by their thumbprint');
    const plan = await options.rotation.rotate(own.set, algorithm, actor);
    const next = plan.keys.find(({ state }) => state === 'published');
    const key = (await ring.keys(own.set)).find(({ stored }) => stored.kid === next?.kid);
    return key === undefined ? [] : publicView(key);
  }

  return {
    async generate({ set, algorithm, name, single = false }, actor) {
      checkSetId(set);
      const own = findOwnSet(set);
      if (isLiving(own)) return rotateByRequest(own, algorithm, name, actor);
      if (own !== undefined) {
        const jwk = await addOwnKey({ own, algorithm, name, actor, store, sealer, generation });
        return ownViews(jwk, showsPrivate(own));
      }
      if (name !== '') checkKeyId(name);
      const kids = single
        ? [name === '' ? generation.randomBytes(16).toString('hex') : name]
        : generatedNames(findAlgorithm(algorithm)?.kty === 'oct', name);
      kids.forEach(checkKeyId);
      const stored = (await ring.keys(set)).map((key) => key.stored);
      refuseTaken(stored, kids);
      refuseFull(stored, kids.length);
      const jwks = nameParts(await generateKey(algorithm, generation), kids);
      await store.changeSet(set, actor, (keys, version) => {
        refuseTaken(keys, kids);
        refuseFull(keys, jwks.length);
        return { put: sealKeys(sealer, set, jwks, version), answer: undefined };
      });
      return storedViews(jwks, showsPrivate(undefined));
    },

    async nameSet(set) {
      const { privates, publics } = await readParts(set);
      const names = [...privates.map(storedViewName), ...publics.map(publicViewName)];
      return [...new Set(names)].filter((name) => name !== undefined);
    },

    async nameKey(set, kid) {
      checkSetId(set);
      checkKeyId(kid);
      const keys = await ring.keys(set);
      const { key, part } = resolve(keys, kid);
      const exact = keys.find(({ stored }) => stored.kid === kid);
      const read = key === undefined ? undefined : nameOfPart(key, part);
      return {
        ...(read !== undefined && { read }),
        ...(exact !== undefined && { stored: storedViewName(exact) }),
      };
    },

    async getSet(set, actor, allowed) {
      const { privates, publics } = await readParts(set);
      if (privates.length + publics.length === 0) throw new KeyError('not_found', 'the key set does not exist');
      const mayLeave = (name: string): boolean => allowed?.has(name) ?? true;
      return [
        ...(await release(
          set,
          privates.filter((key) => mayLeave(storedViewName(key))),
          actor,
        )),
        ...publicViews(publics).filter(({ resourceName }) => mayLeave(resourceName)),
      ];
    },

    async getKey(set, kid, actor, allowed) {
      checkSetId(set);
      checkKeyId(kid);
      const keys = await ring.keys(set);
      const { key, part } = resolve(keys, kid);
      if (part === 'private' && !showsPrivate(findOwnSet(set))) {
        throw new KeyError('forbidden', 'private keys of this set are not given out');
      }
      const name = key === undefined ? undefined : nameOfPart(key, part);
      if (name !== undefined && allowed?.has(name) === false) throw new KeyError('not_found', 'the key does not exist');
      const views = key === undefined ? [] : part === 'public' ? publicView(key) : await release(set, [key], actor);
      const view = views[0];
      if (view === undefined) throw new KeyError('not_found', 'the key does not exist');
      return view;
    },

    async putSet(set, texts, actor) {
      checkSetId(set);
      const own = findWritable(set);
      const jwks = await acceptKeys(texts, own);
      await store.changeSet(set, actor, (keys, version) => {
        refuseOtherAlgorithm(keys, jwks);
        return { remove: keys.map((key) => key.kid), put: sealKeys(sealer, set, jwks, version), answer: undefined };
      });
      return storedViews(jwks, true);
    },

    async putKey(set, kid, text, actor) {
      checkSetId(set);
      checkKeyId(kid);
      const own = findWritable(set);
      const jwk = await acceptKey(text, kid, own);
      await store.changeSet(set, actor, (keys, version) => {
        refuseOtherAlgorithm(keys, [jwk]);
        if (!keys.some((key) => key.kid === kid)) refuseFull(keys, 1);
        return { put: sealKeys(sealer, set, [jwk], version), answer: undefined };
      });
      return { jwk, resourceName: kid };
    },

    async deleteSet(set, actor) {
      checkSetId(set);
      await deleteKeys({ set, actor, store, sealer, generation }, (keys) => {
        if (keys.length === 0) throw new KeyError('not_found', 'the key set does not exist');
        return keys.map((key) => key.kid);
      });
    },

    async deleteKey(set, kid, actor) {
      checkSetId(set);
      checkKeyId(kid);
      await deleteKeys({ set, actor, store, sealer, generation }, (keys) => {
        if (!keys.some((key) => key.kid === kid)) throw new KeyError('not_found', 'the key does not exist');
        return [kid];
      });
    },
  };
}

/** Which key a key ID of a request means, and which part of it. The exact ID goes before the aliases. */
function resolve(keys: readonly RingKey[], kid: string): { key: RingKey | undefined; part: 'public' | 'private' } {
  const exact = keys.find((key) => key.stored.kid === kid);
  // A thumbprint is what the header of a JWS names in order to be verified: it means the public part.
  if (exact !== undefined) {
    return { key: exact, part: exact.stored.part === 'public' || exact.namedByThumbprint() ? 'public' : 'private' };
  }
  const current = keys.find((key) => key.stored.part === 'private');
  if (kid === 'private') return { key: current, part: 'private' };
  return {
    key: kid === 'public' ? (current ?? keys.find((key) => key.stored.part === 'public')) : undefined,
    part: 'public',
  };
}

function nameOfPart(key: RingKey, part: 'public' | 'private'): string | undefined {
  return part === 'public' ? publicViewName(key) : storedViewName(key);
}

function nameParts(jwk: Omit<NamedJwk, 'kid'>, kids: readonly string[]): readonly NamedJwk[] {
  const [first = '', second] = kids;
  checkSlot(first, partOf(jwk));
  if (second === undefined) return [{ ...jwk, kid: first }];
  const open = publicPart({ ...jwk, kid: second });
  return [{ ...jwk, kid: first }, ...(open === undefined ? [] : [open])];
}

function findWritable(set: string): OwnSet | undefined {
  const own = findOwnSet(set);
  if (own?.open === false) throw new KeyError('forbidden', 'keys of this set are made by the server only');
  return own;
}
