import { describe, expect, it } from 'vitest';
import {
  activeAtOnce,
  activeOf,
  dueChanges,
  isShown,
  type LifeChange,
  type LifeRules,
  type LivingKey,
  needsSuccessor,
  nextChangeAt,
  overlapMs,
  publish,
  publishedFrom,
  schedule,
  stagedUntil,
  successorOf,
  visibleMs,
} from './life-cycle.js';

const minute = 60_000;
const rules: LifeRules = {
  maxAgeMs: 5 * minute,
  longestLifeMs: 60 * minute,
  clockSkewMs: 5 * minute,
  everyMs: 24 * 60 * minute,
};

describe('life of a key', () => {
  it('is published for two max-ages and a clock error both ways before it signs', () => {
    expect(visibleMs(rules)).toBe(20 * minute);
    const keys: LivingKey[] = [
      { kid: 'old', life: activeAtOnce(0) },
      { kid: 'new', life: publishedFrom(1000, rules) },
    ];
    expect(dueChanges(keys, rules, 1000 + 20 * minute - 1)).toEqual([]);
    expect(dueChanges(keys, rules, 1000 + 20 * minute).map(({ kid, to }) => [kid, to])).toEqual([
      ['old', 'retiring'],
      ['new', 'active'],
    ]);
  });

  it('is shown until nothing that it signed can be valid any more', () => {
    expect(overlapMs(rules)).toBe(80 * minute + 30_000);
    const retiring: LivingKey = { kid: 'old', life: { ...activeAtOnce(0), state: 'retiring', retiringAt: 7 } };
    expect(dueChanges([retiring], rules, 7 + overlapMs(rules) - 1)).toEqual([]);
    expect(dueChanges([retiring], rules, 7 + overlapMs(rules))).toEqual([{ kid: 'old', to: 'retired' }]);
  });

  it('keeps what was promised when the rules become laxer, and what is asked when they become stricter', () => {
    const published: LivingKey = { kid: 'k', life: publishedFrom(0, rules) };
    expect(nextChangeAt(published, { ...rules, maxAgeMs: 0, clockSkewMs: 0 })).toBe(20 * minute);
    expect(nextChangeAt(published, { ...rules, maxAgeMs: 60 * minute })).toBe(130 * minute);
  });

  it('begins in time for the schedule: made at most an hour ahead, published so that it signs on the hour', () => {
    const keys: LivingKey[] = [{ kid: 'old', life: activeAtOnce(0) }];
    const day = 24 * 60 * minute;
    const planned = { activateAt: day, publishAt: day - 20 * minute, stageAt: day - 80 * minute };
    expect(schedule(keys, rules)).toEqual(planned);
    expect(needsSuccessor(keys, rules, planned.stageAt - 1)).toBe(false);
    expect(needsSuccessor(keys, rules, planned.stageAt)).toBe(true);
    const staged: LivingKey = { kid: 'new', life: stagedUntil(planned.stageAt, planned.publishAt) };
    expect(needsSuccessor([...keys, staged], rules, day)).toBe(false);
    expect(dueChanges([...keys, staged], rules, planned.publishAt - 1)).toEqual([]);
    expect(dueChanges([...keys, staged], rules, planned.publishAt)).toMatchObject([{ kid: 'new', to: 'published' }]);
  });

  it('has no schedule by itself', () => {
    const { everyMs: _never, ...byHand } = rules;
    expect(schedule([{ kid: 'old', life: activeAtOnce(0) }], byHand)).toBeUndefined();
    expect(needsSuccessor([{ kid: 'old', life: activeAtOnce(0) }], byHand, Number.MAX_SAFE_INTEGER)).toBe(false);
  });
});

/** A generator of numbers in [0, 1) that a seed decides (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What the world saw of a key, in true time. */
type Seen = { shownFrom: number; shownUntil: number; signsFrom: number; signsUntil: number };

/** Longest that the gateway answers from its memory, and that a signature is under way. */
const gatewayCacheMs = 1_000;
const inFlightMs = 30_000;

/** Lives through one random schedule and answers what would have broken a verifier, and how many keys signed. */
function liveThrough(next: () => number): { readonly broken: readonly string[]; readonly signed: number } {
  const between = (low: number, high: number): number => low + next() * (high - low);
  const skew = next() < 0.2 ? 0 : between(0, 5 * minute);
  const everyMs = next() < 0.85 ? between(0.2 * minute, 600 * minute) : undefined;
  const rules: LifeRules = {
    maxAgeMs: between(1_000, 30 * minute),
    longestLifeMs: between(1_000, 180 * minute),
    clockSkewMs: skew,
    ...(everyMs !== undefined ? { everyMs } : {}),
  };
  const seen = new Map<string, Seen>();
  const never = Number.POSITIVE_INFINITY;
  let clockError = between(-skew, skew);
  let time = 0;
  let made = 0;
  let keys: LivingKey[] = [];
  const broken: string[] = [];

  function add(life: LivingKey['life']): void {
    const kid = `k${made++}`;
    keys = [...keys, { kid, life }];
    const isActive = life.state === 'active';
    // Before the first key there is nothing, so no JWK Set without it was ever fetched.
    const shownFrom = isActive ? Number.NEGATIVE_INFINITY : life.state === 'published' ? time : never;
    seen.set(kid, { shownFrom, shownUntil: never, signsFrom: isActive ? time : never, signsUntil: never });
  }

  function apply(changes: readonly LifeChange[]): void {
    for (const change of changes) {
      const key = seen.get(change.kid);
      if (key === undefined) throw new Error('unreachable');
      if (change.to === 'published') key.shownFrom = time;
      if (change.to === 'active') key.signsFrom = time;
      if (change.to === 'retiring') key.signsUntil = time;
      if (change.to === 'retired') key.shownUntil = time;
      keys = keys.flatMap((one) =>
        one.kid !== change.kid ? [one] : change.to === 'retired' ? [] : [{ kid: one.kid, life: change.life }],
      );
      const active = keys.filter(({ life }) => life.state === 'active').length;
      if (active !== 1 && change.to !== 'retiring') broken.push(`${active} active keys`);
    }
  }

  add(activeAtOnce(clockError));
  for (let tick = 0; tick < 60; tick++) {
    // Mostly the beat of the replicas, sometimes an outage of hours, sometimes a failover to a server with another clock.
    time += next() < 0.7 ? between(0, visibleMs(rules) / 2) : between(0, 10 * overlapMs(rules));
    if (next() < 0.3) clockError = between(-skew, skew);
    const now = time + clockError;
    if (next() < 0.1) {
      const successor = successorOf(keys);
      if (successor === undefined) add(publishedFrom(now, rules));
      else if (successor.life.state === 'staged') apply([publish(successor, rules, now)]);
    }
    if (needsSuccessor(keys, rules, now)) add(stagedUntil(now, schedule(keys, rules)?.publishAt ?? now));
    apply(dueChanges(keys, rules, now));
    if (activeOf(keys) === undefined) broken.push('nothing signs');
    for (const { kid, life } of keys) {
      if (isShown(life.state) !== (seen.get(kid)?.shownFrom !== never)) broken.push('shown without being published');
    }
  }
  for (const { shownFrom, shownUntil, signsFrom, signsUntil } of seen.values()) {
    if (signsFrom === never) continue;
    // A JWK Set fetched a max-age before the first signature names the key ...
    if (shownFrom + gatewayCacheMs > signsFrom - rules.maxAgeMs) broken.push('signed before every verifier knew it');
    // ... and so does one fetched at the last instant at which a token may be taken for valid: made with the last
    // signature, dated by an issuer whose clock is ahead, judged by a verifier whose clock is behind.
    const lastValid = signsUntil + inFlightMs + rules.longestLifeMs + 2 * rules.clockSkewMs;
    if (shownUntil < lastValid) broken.push('gone while a token was valid');
  }
  return { broken, signed: [...seen.values()].filter(({ signsFrom }) => signsFrom !== never).length };
}

describe('no token that is valid carries a key ID missing from a JWK Set fetched at most max-age earlier', () => {
  const seed = Number(process.env['LIFE_CYCLE_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

  it(`in 100 000 random schedules with outages and clocks off by up to 5 minutes (seed ${seed})`, () => {
    let signed = 0;
    for (let run = 0; run < 100_000; run++) {
      const outcome = liveThrough(random(seed + run));
      if (outcome.broken.length > 0) expect(outcome.broken, `LIFE_CYCLE_SEED=${seed + run}`).toEqual([]);
      signed += outcome.signed;
    }
    // The schedules do rotate: it is not silence that proves nothing was broken.
    expect(signed).toBeGreaterThan(300_000);
  }, 120_000);
});
