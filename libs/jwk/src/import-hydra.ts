import { algorithmsOf } from './algorithm.js';
import { openHydraKey } from './hydra-key.js';
import { type Jwk, type NamedJwk, partOf } from './jwk.js';
import { KeyError } from './key-error.js';
import { checkKeyId, checkSetId } from './key-names.js';
import { refuseFull } from './key-set-rules.js';
import type { KeyActor, KeyStore } from './key-store.js';
import { activeAtOnce, type KeyLife, type LifeRules, overlapMs } from './life-cycle.js';
import { findOwnSet, isLiving, type LivingSet } from './own-sets.js';
import type { Sealer } from './seal.js';
import { sealKeys } from './sealed-key.js';
import { thumbprint } from './thumbprint.js';
import { importJwk } from './validate-jwk.js';

/** A row of Hydra's table `hydra_jwk`. */
export type HydraKey = { readonly set: string; readonly kid: string; readonly keydata: string };

/** What became of a row. */
export type HydraImport = {
  readonly set: string;
  readonly kid: string;
  readonly outcome: 'imported' | 'present' | 'not needed' | 'refused';
  /** Why it was refused. */
  readonly reason?: string;
};

/**
 * Takes over keys of Hydra 0.9 to 0.11. Keys keep their names, but for the sets that sign here: their private keys are named
 * by thumbprint, and sign on where the set has no key yet, else verify for as long as what they signed can be valid. Keys
 * that are there already are left alone, so an import can be repeated. Unsound keys are refused one by one.
 */
export async function importHydraKeys(
  rows: readonly HydraKey[],
  options: {
    readonly store: KeyStore;
    readonly sealer: Sealer;
    /** The system secret of that Hydra. */
    readonly systemSecret: string;
    readonly rules: LifeRules;
    readonly actor: KeyActor;
    /** Told of each row as it is done. */
    readonly onRow: (done: HydraImport) => void;
  },
): Promise<void> {
  for (const { set, kid, keydata } of rows) {
    try {
      checkSetId(set);
      const jwk = await importJwk(openHydraKey(keydata, options.systemSecret));
      options.onRow({ set, kid, outcome: await importOne(set, kid, jwk, options) });
    } catch (cause) {
      if (!(cause instanceof KeyError)) throw cause;
      options.onRow({ set, kid, outcome: 'refused', reason: cause.message });
    }
  }
}

type Target = {
  readonly store: KeyStore;
  readonly sealer: Sealer;
  readonly rules: LifeRules;
  readonly actor: KeyActor;
};

async function importOne(set: string, kid: string, jwk: Jwk, target: Target): Promise<HydraImport['outcome']> {
  const own = findOwnSet(set);
  // The public part follows from the private one.
  if (isLiving(own)) return partOf(jwk) === 'private' ? putSigningKey(own, jwk, target) : 'not needed';
  // The certificate is made anew.
  if (own?.open === false) return 'not needed';
  checkKeyId(kid);
  const { store, sealer, actor } = target;
  return store.changeSet(set, actor, (keys, version) => {
    if (keys.some((key) => key.kid === kid)) return { answer: 'present' };
    refuseFull(keys, 1);
    return { put: sealKeys(sealer, set, [{ ...jwk, kid }], version), answer: 'imported' };
  });
}

function putSigningKey(own: LivingSet, jwk: Jwk, target: Target): Promise<HydraImport['outcome']> {
  if (!algorithmsOf(jwk.kty, jwk.crv).some(({ name }) => own.rotatesTo.includes(name))) {
    throw new KeyError('malformed', `keys of this set are for ${own.rotatesTo.join(', ')}`);
  }
  const alg = jwk.alg ?? algorithmsOf(jwk.kty, jwk.crv)[0]?.name;
  const named: NamedJwk = { ...jwk, use: 'sig', ...(alg !== undefined ? { alg } : {}), kid: thumbprint(jwk) };
  return target.store.changeSet(own.set, target.actor, (keys, version, now) => {
    if (keys.some((key) => key.kid === named.kid)) return { answer: 'present' };
    refuseFull(keys, 1);
    const life: KeyLife =
      keys.length === 0
        ? activeAtOnce(now)
        : { ...activeAtOnce(now), state: 'retiring', retiringAt: now, dueAt: now + overlapMs(target.rules) };
    return { put: sealKeys(target.sealer, own.set, [named], version, life), answer: 'imported' };
  });
}
