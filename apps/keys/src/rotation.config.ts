import { type LivingSet, livingSets, type Purpose, type SetRules } from '@castellan/jwk';
import { durationSchema, parseDuration } from '@castellan/service';
import { z } from 'zod';

const hour = 3_600_000;
const defaultRotation = 'hydra.openid.id-token=2160h';
const MIN_EVERY_MS = 1_000;

function duration(least: number, most: number, said: string) {
  return durationSchema.refine((ms) => ms >= least && ms <= most, `must be a duration from ${said}`);
}

/** The variables that decide how keys live; durations are Go's (`1h30m`). */
export const rotationVariables = {
  // For how long a verifier may use a JWK Set: its Cache-Control.
  JWKS_MAX_AGE: duration(1_000, 24 * hour, '1s to 24h').default(300_000),
  // By how much clocks may be off.
  KEYS_CLOCK_SKEW: duration(0, hour, '0 to 1h').default(300_000),
  // Must be what the token service is given: nothing that lives longer is signed.
  ID_TOKEN_LIFESPAN: duration(1_000, 87_600 * hour, '1s to 87600h').default(hour),
  ACCESS_TOKEN_LIFESPAN: duration(1_000, 87_600 * hour, '1s to 87600h').default(hour),
  // Must be what the token service is given: clients may have longer lifetimes of their own, up to this.
  SIGNED_TOKEN_MAX_LIFESPAN: duration(1_000, 87_600 * hour, '1s to 87600h').default(24 * hour),
  CHALLENGE_TOKEN_LIFESPAN: duration(1_000, 87_600 * hour, '1s to 87600h').default(600_000),
  KEYS_ROTATION: z.string().default(defaultRotation),
};

type RotationValues = { readonly [name in keyof typeof rotationVariables]: z.infer<(typeof rotationVariables)[name]> };

/**
 * The rules of every signing set. KEYS_ROTATION lists sets with how long a key signs and, after a slash, the algorithm of
 * new keys: `hydra.openid.id-token=2160h/ES256,hydra.consent.challenge=off`. A set that is not listed, or `off`, is
 * rotated by hand only. Answers what is wrong as lines for the operator.
 */
export function readRotation(values: RotationValues): {
  readonly rules: ReadonlyMap<string, SetRules>;
  readonly problems: readonly string[];
} {
  const problems: string[] = [];
  const wishes = readWishes(values.KEYS_ROTATION, problems);
  const longestLifeMs: Readonly<Partial<Record<Purpose, number>>> = {
    'id-token': Math.max(values.SIGNED_TOKEN_MAX_LIFESPAN, values.ID_TOKEN_LIFESPAN),
    'access-token': Math.max(values.SIGNED_TOKEN_MAX_LIFESPAN, values.ACCESS_TOKEN_LIFESPAN),
    'consent-challenge': values.CHALLENGE_TOKEN_LIFESPAN,
  };
  const rules = livingSets.map((own): [string, SetRules] => [
    own.set,
    {
      maxAgeMs: values.JWKS_MAX_AGE,
      clockSkewMs: values.KEYS_CLOCK_SKEW,
      longestLifeMs: longestLifeMs[own.purpose] ?? hour,
      algorithm: own.algorithm,
      ...wishes.get(own.set),
    },
  ]);
  return { rules: new Map(rules), problems };
}

type Wish = { readonly everyMs?: number; readonly algorithm?: string };

function readWishes(text: string, problems: string[]): ReadonlyMap<string, Wish> {
  const wishes = new Map<string, Wish>();
  for (const entry of text.split(',').map((part) => part.trim())) {
    if (entry === '') continue;
    const [, set = '', every = '', algorithm] = /^([^=]+)=([^/]+)(?:\/(.+))?$/.exec(entry) ?? [];
    const own = livingSets.find((living) => living.set === set);
    const everyMs = every === 'off' ? undefined : parseDuration(every);
    const problem = problemOf(own, every, everyMs, algorithm);
    if (problem !== undefined) problems.push(`KEYS_ROTATION: ${problem}`);
    wishes.set(set, {
      ...(everyMs !== undefined ? { everyMs } : {}),
      ...(algorithm !== undefined ? { algorithm } : {}),
    });
  }
  return wishes;
}

function problemOf(
  own: LivingSet | undefined,
  every: string,
  everyMs: number | undefined,
  algorithm: string | undefined,
): string | undefined {
  if (own === undefined) {
    return `must list ${livingSets.map(({ set }) => set).join(' or ')} as in ${defaultRotation}/RS256`;
  }
  if (every !== 'off' && (everyMs === undefined || everyMs < MIN_EVERY_MS)) {
    return `${own.set} must be rotated every 1s or more seldom (a duration such as 2160h), or be off`;
  }
  if (algorithm !== undefined && !own.rotatesTo.includes(algorithm)) {
    return `keys of ${own.set} are for ${own.rotatesTo.join(', ')}`;
  }
  return undefined;
}
