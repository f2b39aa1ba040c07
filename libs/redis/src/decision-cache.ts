import type { AccessRequest, Decider, DecisionAt } from '@castellan/policy';
import { LRUCache } from 'lru-cache';
import { createBreaker } from './breaker.js';
import { entryLength, isCacheable, type KeptDecision, openEntry, sealEntry } from './decision-entry.js';
import { digestDecision } from './decision-key.js';
import type { RedisClient } from './redis-connection.js';

/** What an operator wants to hear of. `forged`: an entry that is not ours stood in Redis. */
export type DecisionCacheEvent = 'forged' | 'redis_down' | 'redis_up';

/**
 * Where a decision came from: `bypass`: made at once, cheaper than a lookup; `local_hit`, `redis_hit`: kept in this
 * process or in Redis; `shared`: made for an equal question at the same time; `miss`: made, and kept.
 */
export type DecisionCacheOutcome = 'bypass' | 'local_hit' | 'redis_hit' | 'shared' | 'miss';

export type DecisionCacheOptions = {
  /** Absent: decisions are kept in this process only. */
  readonly redis?: RedisClient;
  /** 32 secret bytes that only the Warden of this deployment has. */
  readonly macKey: Buffer;
  /** Name of the deployment, among those that share the Redis. */
  readonly deployment: string;
  /** Decisions that look at no more policies are made, not looked up: that is cheaper. Nothing is looked up before that. */
  readonly minimumCost: number;
  /** Longest life of an entry, in milliseconds. */
  readonly lifetimeMs: number;
  /** Most decisions kept in this process. */
  readonly maxLocalEntries: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly onEvent: (event: DecisionCacheEvent) => void;
  /** Told of every decision. */
  readonly onOutcome: (outcome: DecisionCacheOutcome) => void;
};

/** Puts kept decisions in front of a Decider. */
export type DecisionCache = { wrap(decider: Decider): Decider };

const keyPrefix = 'castellan:decision:';

/**
 * Makes a cache of decisions in this process and in Redis. Its answers are those of the Decider behind it: the key
 * covers all that a decision depends on, revision included, and an entry that is not ours is a miss. Redis may be down,
 * slow, flushed or lying: that costs time, at most 50 ms for a lookup, and after a few failures none.
 */
export function createDecisionCache(options: DecisionCacheOptions): DecisionCache {
  const local = new LRUCache<string, KeptDecision>({ max: options.maxLocalEntries });
  const pending = new Map<string, Promise<DecisionAt>>();
  const remote = options.redis === undefined ? undefined : createRemote(options, options.redis);

  async function lookUpOrDecide(
    decider: Decider,
    request: AccessRequest,
    now: number | undefined,
    digest: Buffer,
  ): Promise<DecisionAt> {
    const { revision } = decider;
    const kept = await remote?.read(digest);
    if (kept !== undefined && holds(kept, now)) {
      options.onOutcome('redis_hit');
      local.set(digest.toString('base64'), kept);
      return { ...kept, revision };
    }
    options.onOutcome('miss');
    const decided = await decider.decide(request, now);
    // While Redis was asked the policies may have changed: what is decided by the new ones is no answer by the old.
    if (isCacheable(decided.decision) && decided.revision.mark === revision.mark) {
      local.set(digest.toString('base64'), { decision: decided.decision, until: decided.until });
      remote?.write(digest, decided);
    }
    return decided;
  }

  return {
    wrap: (decider) => ({
      get revision() {
        return decider.revision;
      },
      decideWithin: (request, budget, now) => decider.decideWithin(request, budget, now),
      async decide(request, now) {
        const { revision } = decider;
        const cheap = decider.decideWithin(request, options.minimumCost, now);
        if (cheap !== undefined) {
          options.onOutcome('bypass');
          // It is not kept, and nobody asks how long it holds.
          return { decision: cheap, revision, until: Number.NEGATIVE_INFINITY };
        }
        const digest = digestDecision(options.deployment, revision, request);
        const key = digest.toString('base64');
        const kept = local.get(key);
        if (kept !== undefined && holds(kept, now)) {
          options.onOutcome('local_hit');
          return { ...kept, revision };
        }
        // Equal questions at once are one lookup and one decision.
        const other = pending.get(key);
        if (other !== undefined) {
          const shared = await other;
          // The other question may have been asked at an earlier time.
          if (!holds(shared, now)) return decider.decide(request, now);
          options.onOutcome('shared');
          return shared;
        }
        const decided = lookUpOrDecide(decider, request, now, digest);
        pending.set(key, decided);
        try {
          return await decided;
        } finally {
          pending.delete(key);
        }
      },
    }),
  };
}

/** Whether a kept decision still holds at this time of the database. Without the time only those do that time is nothing to. */
function holds({ until }: KeptDecision, now: number | undefined): boolean {
  return until === Number.POSITIVE_INFINITY || (now !== undefined && now < until);
}

type Remote = {
  /** The kept decision; undefined for a miss of any kind. Never throws. */
  read(digest: Buffer): Promise<KeptDecision | undefined>;
  /** Keeps a decision, sooner or later, or not. Never throws. */
  write(digest: Buffer, kept: KeptDecision): void;
};

function createRemote(options: DecisionCacheOptions, redis: RedisClient): Remote {
  const breaker = createBreaker({
    failures: 3,
    pauseMs: 1_000,
    now: () => performance.now(),
    // A reply is an answer of a server that is well, even if it says that the key holds a list.
    isFailure: (error) => !(error instanceof Error && error.name === 'ReplyError'),
    onChange: (state) => options.onEvent(state === 'open' ? 'redis_down' : 'redis_up'),
  });

  return {
    async read(digest) {
      // One byte more than an entry has is enough to know that it is none, however large it is.
      const entry = await breaker.run(() => redis.getrangeBuffer(keyOf(digest), 0, entryLength));
      if (entry === undefined || entry.length === 0) return undefined;
      const opened = openEntry(options.macKey, digest, entry, options.now());
      if (opened === 'forged') options.onEvent('forged');
      return typeof opened === 'string' ? undefined : opened;
    },
    write(digest, { decision, until }) {
      // Spread out, so that entries made together do not end together.
      const lifetimeMs = Math.max(1, Math.round(options.lifetimeMs * (0.8 + 0.2 * options.random())));
      const entry = sealEntry(options.macKey, digest, decision, options.now() + lifetimeMs, until);
      void breaker.run(() => redis.set(keyOf(digest), entry, 'PX', lifetimeMs));
    },
  };
}

function keyOf(digest: Buffer): string {
  return keyPrefix + digest.toString('base64url');
}
