/**
 * Where a key of the product stands. Staged: made, not shown to anybody. Published: in the JWK Set, does not sign yet.
 * Active: signs. Retiring: signs no more, still verifies. What comes after is gone: a retired key is erased.
 */
export type KeyState = 'staged' | 'published' | 'active' | 'retiring';

/** The life of one key so far. Times are milliseconds since the epoch by the clock of the store. */
export type KeyLife = {
  readonly state: KeyState;
  readonly stagedAt: number;
  readonly publishedAt?: number;
  readonly activeAt?: number;
  readonly retiringAt?: number;
  /** Not before then is the next change, as was promised when the last one was made; an active key has no such time. */
  readonly dueAt?: number;
};

/** A key with its life. */
export type LivingKey = { readonly kid: string; readonly life: KeyLife };

/** What the times of a set's keys follow from; everything in milliseconds. */
export type LifeRules = {
  /** For how long a verifier may use a JWK Set that it fetched. */
  readonly maxAgeMs: number;
  /** The longest life of anything that is signed with the set. */
  readonly longestLifeMs: number;
  /** By how much a clock may be off, in either direction. */
  readonly clockSkewMs: number;
  /** How long a key signs before its successor does; absent: it is not replaced by itself. */
  readonly everyMs?: number;
};

/** What is done to a key: its life goes on, or it is retired. */
export type LifeChange =
  | { readonly kid: string; readonly to: KeyState; readonly life: KeyLife }
  | { readonly kid: string; readonly to: 'retired' };

// A signature is asked for before, and handed out after, its key begins to retire.
const IN_FLIGHT_MS = 30_000;
const MAX_AHEAD_MS = 60 * 60 * 1000;

/**
 * How long a key must be published before it signs: two max-ages, so that an intermediate cache may hold a JWK Set for
 * as long as the verifier behind it does, and a clock that is set from one end of its error to the other meanwhile.
 */
export function visibleMs({ maxAgeMs, clockSkewMs }: LifeRules): number {
  return 2 * maxAgeMs + 2 * clockSkewMs;
}

/**
 * How long a key is shown after its last signature: the longest life, what is in flight, and four errors of clocks: the
 * store's twice, that of whoever dated the token, and the verifier's.
 */
export function overlapMs({ longestLifeMs, clockSkewMs }: LifeRules): number {
  return longestLifeMs + IN_FLIGHT_MS + 4 * clockSkewMs;
}

/** The life of a key that nobody has to hear of before it signs: the first one of a set, or one made in an emergency. */
export function activeAtOnce(now: number): KeyLife {
  return { state: 'active', stagedAt: now, publishedAt: now, activeAt: now };
}

/** The life of a key that is shown from now on and signs as soon as every verifier can know it. */
export function publishedFrom(now: number, rules: LifeRules): KeyLife {
  return { state: 'published', stagedAt: now, publishedAt: now, dueAt: now + visibleMs(rules) };
}

/** The life of a key made ahead of the time at which it has to be published. */
export function stagedUntil(now: number, publishAt: number): KeyLife {
  return { state: 'staged', stagedAt: now, dueAt: Math.max(now, publishAt) };
}

/** When the successor of the active key is made, published and begins to sign; undefined without a schedule. */
export function schedule(
  keys: readonly LivingKey[],
  rules: LifeRules,
): { readonly stageAt: number; readonly publishAt: number; readonly activateAt: number } | undefined {
  const activeAt = activeOf(keys)?.life.activeAt;
  if (activeAt === undefined || rules.everyMs === undefined) return undefined;
  const activateAt = activeAt + Math.max(rules.everyMs, visibleMs(rules));
  const publishAt = activateAt - visibleMs(rules);
  return { activateAt, publishAt, stageAt: publishAt - Math.min(MAX_AHEAD_MS, rules.everyMs / 10) };
}

/** Whether it is time to make the successor of the active key. There is never more than one. */
export function needsSuccessor(keys: readonly LivingKey[], rules: LifeRules, now: number): boolean {
  const planned = schedule(keys, rules);
  return planned !== undefined && successorOf(keys) === undefined && now >= planned.stageAt;
}

/** When the next change of a key is; undefined for a key that stays as it is until another takes its place. */
export function nextChangeAt({ life }: LivingKey, rules: LifeRules): number | undefined {
  switch (life.state) {
    case 'staged':
      return life.dueAt ?? life.stagedAt;
    case 'published':
      // Rules that became stricter since hold, too.
      return Math.max(life.dueAt ?? 0, (life.publishedAt ?? Number.POSITIVE_INFINITY) + visibleMs(rules));
    case 'retiring':
      return Math.max(life.dueAt ?? 0, (life.retiringAt ?? Number.POSITIVE_INFINITY) + overlapMs(rules));
    case 'active':
      return undefined;
  }
}

/** What is due in a set. A key that was published too short a time ago is left as it is, however late the schedule is. */
export function dueChanges(keys: readonly LivingKey[], rules: LifeRules, now: number): readonly LifeChange[] {
  return keys.flatMap((key): readonly LifeChange[] => {
    const at = nextChangeAt(key, rules);
    if (at === undefined || now < at) return [];
    const { kid, life } = key;
    if (life.state === 'staged') return [publish(key, rules, now)];
    if (life.state === 'retiring') return [{ kid, to: 'retired' }];
    return activate(keys, key, rules, now);
  });
}

/** Publishes a staged key now. */
export function publish({ kid, life }: LivingKey, rules: LifeRules, now: number): LifeChange {
  return { kid, to: 'published', life: { ...publishedFrom(now, rules), stagedAt: life.stagedAt } };
}

/** The active key of a set. */
export function activeOf<Key extends LivingKey>(keys: readonly Key[]): Key | undefined {
  return keys.find((key) => key.life.state === 'active');
}

/** The key that will follow the active one. */
export function successorOf<Key extends LivingKey>(keys: readonly Key[]): Key | undefined {
  return keys.find((key) => key.life.state === 'staged' || key.life.state === 'published');
}

/** Whether a key of this state belongs into the JWK Set: it signs, did, or soon will. */
export function isShown(state: KeyState): boolean {
  return state !== 'staged';
}

// The old key goes first: a set never has two keys that sign.
function activate(keys: readonly LivingKey[], next: LivingKey, rules: LifeRules, now: number): readonly LifeChange[] {
  const { dueAt: _past, ...life } = next.life;
  const old = activeOf(keys);
  const retire: readonly LifeChange[] =
    old === undefined
      ? []
      : [
          {
            kid: old.kid,
            to: 'retiring',
            life: { ...old.life, state: 'retiring', retiringAt: now, dueAt: now + overlapMs(rules) },
          },
        ];
  return [...retire, { kid: next.kid, to: 'active', life: { ...life, state: 'active', activeAt: now } }];
}
