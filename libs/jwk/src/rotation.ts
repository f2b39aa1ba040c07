import { generateKey, type KeyGeneration } from './generate-key.js';
import type { NamedJwk } from './jwk.js';
import { KeyError } from './key-error.js';
import { refuseFull } from './key-set-rules.js';
import type { KeyActor, KeySetChange, KeyStore, StoredKey } from './key-store.js';
import {
  activeAtOnce,
  activeOf,
  dueChanges,
  type KeyLife,
  type LifeChange,
  type LifeRules,
  type LivingKey,
  needsSuccessor,
  publish,
  publishedFrom,
  schedule,
  stagedUntil,
  successorOf,
} from './life-cycle.js';
import { findOwnSet, isLiving, type LivingSet, livingSets } from './own-sets.js';
import { planSet, type SetPlan } from './rotation-plan.js';
import type { Sealer } from './seal.js';
import { sealKeys } from './sealed-key.js';
import { thumbprint } from './thumbprint.js';

/** What rotation depends on. */
export type RotationOptions = {
  readonly store: KeyStore;
  readonly sealer: Sealer;
  readonly generation: KeyGeneration;
  readonly rules: (own: LivingSet) => SetRules;
  /** Told of every state that a key came into, after it was stored. */
  readonly onChange: (set: string, kid: string, to: LifeChange['to'], actor: KeyActor) => void;
};

/** The rules of one set, and the algorithm that its next key is made for. */
export type SetRules = LifeRules & { readonly algorithm: string };

/** The life cycle of the product's signing keys. Every method throws KeyError for what it refuses. */
export type Rotation = {
  /** What each set holds and when it changes. */
  plan(): Promise<readonly SetPlan[]>;
  /**
   * Publishes the next key of a set, which signs as soon as every verifier can know it. A successor that is on its way
   * already is the one: two calls at once make one key. `algorithm` may be empty.
   */
  rotate(set: string, algorithm: string, actor: KeyActor): Promise<SetPlan>;
  /**
   * Replaces all keys of a set by a fresh one that signs at once: for a key that somebody else may hold. Everything signed
   * before stops verifying, and verifiers refuse what is signed from now on until they fetch the JWK Set again.
   */
  rotateAtOnce(set: string, algorithm: string, actor: KeyActor): Promise<SetPlan>;
  /** Does everything that is due. Any number of replicas may call it at any time; each thing is done once. */
  advance(): Promise<void>;
};

// The actor in the audit for what the key manager does by itself.
const itself: KeyActor = { peer: 'keys', requestId: '' };

/** Makes the life cycle over a store. All times are judged by the store's clock, inside the change they decide. */
export function createRotation(options: RotationOptions): Rotation {
  const { store, sealer, generation, onChange } = options;

  async function change(
    set: string,
    actor: KeyActor,
    decide: (keys: readonly StoredLivingKey[], now: number) => Decision,
  ): Promise<void> {
    const { told } = await store.changeSet(set, actor, (stored, version, now): KeySetChange<Told> => {
      const keys = stored.filter(isLivingKey);
      const { changes = [], fresh } = decide(keys, now);
      if (fresh !== undefined) refuseFull(stored, 1);
      return {
        remove: changes.flatMap(({ kid, to }) => (to === 'retired' ? [kid] : [])),
        live: changes.filter((made) => made.to !== 'retired'),
        put: fresh === undefined ? [] : sealKeys(sealer, set, [fresh.jwk], version, fresh.life),
        answer: {
          told: [
            ...changes.map(({ kid, to }) => ({ kid, to })),
            ...(fresh !== undefined ? [{ kid: fresh.jwk.kid, to: fresh.life.state }] : []),
          ],
        },
      };
    });
    for (const { kid, to } of told) onChange(set, kid, to, actor);
  }

  async function planOf(own: LivingSet): Promise<SetPlan> {
    const { keys, now } = await store.readSet(own.set);
    const signatures = await store.signatureCounts(own.set);
    return planSet(own.set, keys.filter(isLivingKey), options.rules(own), now, signatures);
  }

  /** Makes the successor ahead of time where the schedule wants one. Making keys is slow, so one replica does it. */
  async function stage(own: LivingSet): Promise<void> {
    await store.exclusively(async () => {
      const rules = options.rules(own);
      const wanted = (keys: readonly LivingKey[], now: number): boolean => needsSuccessor(keys, rules, now);
      const { keys, now } = await store.readSet(own.set);
      if (!wanted(keys.filter(isLivingKey), now)) return;
      const jwk = await makeKey(own, rules.algorithm, generation);
      await change(own.set, itself, (latest, then) => {
        const planned = schedule(latest, rules);
        if (planned === undefined || !wanted(latest, then)) return {};
        return { fresh: { jwk, life: stagedUntil(then, planned.publishAt) } };
      });
    });
  }

  async function advanceSet(own: LivingSet): Promise<void> {
    const rules = options.rules(own);
    const { keys, now } = await store.readSet(own.set);
    const living = keys.filter(isLivingKey);
    if (needsSuccessor(living, rules, now)) await stage(own);
    // Looked at before anything is written: a tick without anything to do does not raise the revision.
    if (dueChanges(living, rules, now).length === 0) return;
    await change(own.set, itself, (latest, then) => ({ changes: dueChanges(latest, rules, then) }));
  }

  return {
    async plan() {
      const plans = await Promise.all(livingSets.map(async (own) => ({ own, plan: await planOf(own) })));
      return plans.filter(({ own, plan }) => own.onDemand !== true || plan.keys.length > 0).map(({ plan }) => plan);
    },

    async rotate(set, algorithm, actor) {
      const own = livingSet(set);
      const rules = options.rules(own);
      const wanted = fitAlgorithm(own, algorithm === '' ? rules.algorithm : algorithm);
      await store.exclusively(async () => {
        const before = successorOf((await store.readSet(set)).keys.filter(isLivingKey));
        refuseOther(before, algorithm);
        const jwk = before === undefined ? await makeKey(own, wanted, generation) : undefined;
        await change(set, actor, (keys, now) => {
          const successor = successorOf(keys);
          refuseOther(successor, algorithm);
          if (successor?.life.state === 'published') return {};
          if (successor !== undefined) return { changes: [publish(successor, rules, now)] };
          if (jwk === undefined) throw new KeyError('already_exists', 'the set was rotated meanwhile');
          // Nobody has to hear of the first key of a set before it signs (rulings 24).
          const life = activeOf(keys) === undefined ? activeAtOnce(now) : publishedFrom(now, rules);
          return { fresh: { jwk, life } };
        });
      });
      return planOf(own);
    },

    async rotateAtOnce(set, algorithm, actor) {
      const own = livingSet(set);
      const jwk = await makeKey(
        own,
        fitAlgorithm(own, algorithm === '' ? options.rules(own).algorithm : algorithm),
        generation,
      );
      await change(set, actor, (keys, now) => ({
        changes: keys.map(({ kid }) => ({ kid, to: 'retired' })),
        fresh: { jwk, life: activeAtOnce(now) },
      }));
      return planOf(own);
    },

    async advance() {
      for (const own of livingSets) await advanceSet(own);
    },
  };
}

/** Makes a key for an own set, named by its thumbprint. */
export async function makeKey(
  own: { readonly namesAlgorithm: boolean },
  algorithm: string,
  generation: KeyGeneration,
): Promise<NamedJwk> {
  const { alg, ...unnamed } = await generateKey(algorithm, generation);
  const jwk = own.namesAlgorithm && alg !== undefined ? { ...unnamed, alg } : unnamed;
  return { ...jwk, kid: thumbprint(jwk) };
}

type StoredLivingKey = StoredKey & { readonly life: KeyLife };

type Told = { readonly told: readonly { readonly kid: string; readonly to: LifeChange['to'] }[] };

/** What is to become of a set: changes of its keys, and a key to put in. */
type Decision = {
  readonly changes?: readonly LifeChange[];
  readonly fresh?: { readonly jwk: NamedJwk; readonly life: KeyLife };
};

function isLivingKey(key: StoredKey): key is StoredLivingKey {
  return key.life !== undefined;
}

function livingSet(set: string): LivingSet {
  const own = findOwnSet(set);
  if (isLiving(own)) return own;
  if (own === undefined) {
    throw new KeyError('malformed', `only ${livingSets.map((one) => one.set).join(' and ')} are rotated`);
  }
  throw new KeyError(
    'malformed',
    own.open
      ? 'others hold the private key of this set: make a new key in it, and delete the old one once nobody signs with it'
      : 'this set is not rotated',
  );
}

function fitAlgorithm(own: LivingSet, algorithm: string): string {
  if (!own.rotatesTo.includes(algorithm)) {
    throw new KeyError('malformed', `keys of this set are for ${own.rotatesTo.join(', ')}`);
  }
  return algorithm;
}

/** A successor that is shown already is not taken back because somebody wants another algorithm. */
function refuseOther(successor: StoredKey | undefined, algorithm: string): void {
  if (successor === undefined || algorithm === '' || successor.algorithm === algorithm) return;
  throw new KeyError('already_exists', `the next key of this set is made already, for ${successor.algorithm}`);
}
