import type { StoredKey } from './key-store.js';
import {
  activeOf,
  type KeyLife,
  type KeyState,
  type LifeRules,
  nextChangeAt,
  overlapMs,
  schedule,
  successorOf,
  visibleMs,
} from './life-cycle.js';

/** One line of a plan: a key, since when it is what it is, and what comes next. Times are milliseconds since the epoch. */
export type PlannedKey = {
  readonly kid: string;
  readonly algorithm: string;
  readonly state: KeyState;
  readonly since: number;
  /** Signatures made with it, as far as they were counted. */
  readonly signatures: number;
  /** What it becomes next; absent for an active key that nothing follows. */
  readonly next?: { readonly state: KeyState | 'retired'; readonly at: number };
};

/** What a set holds and when it changes. */
export type SetPlan = {
  readonly set: string;
  readonly now: number;
  /** Algorithm of the next key. */
  readonly algorithm: string;
  /** How long a key is published before it signs. */
  readonly visibleMs: number;
  /** How long a key is shown after it signed last. */
  readonly overlapMs: number;
  /** How long a key signs; absent where the set is rotated by hand only. */
  readonly everyMs?: number;
  /** In the order of their lives: what signs, what will, what did. */
  readonly keys: readonly PlannedKey[];
  /** When the schedule makes, publishes and activates the next key; absent without a schedule or while that key exists. */
  readonly next?: { readonly stageAt: number; readonly publishAt: number; readonly activateAt: number };
};

type StoredLivingKey = StoredKey & { readonly life: KeyLife };

/** Lays out what will happen to a set, as far as it follows from the rules. */
export function planSet(
  set: string,
  keys: readonly StoredLivingKey[],
  rules: LifeRules & { readonly algorithm: string },
  now: number,
  signatures: ReadonlyMap<string, number>,
): SetPlan {
  const successor = successorOf(keys);
  const activation = successor === undefined ? undefined : activationOf(successor, rules);
  const next = successor === undefined && activeOf(keys) !== undefined ? schedule(keys, rules) : undefined;
  const replacedAt = activation ?? next?.activateAt;
  return {
    set,
    now,
    algorithm: rules.algorithm,
    visibleMs: visibleMs(rules),
    overlapMs: overlapMs(rules),
    ...(rules.everyMs !== undefined ? { everyMs: rules.everyMs } : {}),
    keys: order.flatMap((state) =>
      keys
        .filter(({ life }) => life.state === state)
        .map((key) => ({ ...planKey(key, rules, replacedAt), signatures: signatures.get(key.kid) ?? 0 })),
    ),
    ...(next !== undefined ? { next } : {}),
  };
}

const order: readonly KeyState[] = ['active', 'published', 'staged', 'retiring'];

function planKey(
  key: StoredLivingKey,
  rules: LifeRules,
  replacedAt: number | undefined,
): Omit<PlannedKey, 'signatures'> {
  const { kid, algorithm, life } = key;
  const at = life.state === 'active' ? replacedAt : nextChangeAt(key, rules);
  const following = { staged: 'published', published: 'active', active: 'retiring', retiring: 'retired' } as const;
  return {
    kid,
    algorithm,
    state: life.state,
    since: sinceWhen(life),
    ...(at !== undefined ? { next: { state: following[life.state], at } } : {}),
  };
}

function activationOf(successor: StoredLivingKey, rules: LifeRules): number | undefined {
  const at = nextChangeAt(successor, rules);
  return at === undefined || successor.life.state === 'published' ? at : at + visibleMs(rules);
}

function sinceWhen({ state, stagedAt, publishedAt, activeAt, retiringAt }: KeyLife): number {
  return { staged: stagedAt, published: publishedAt, active: activeAt, retiring: retiringAt }[state] ?? stagedAt;
}
