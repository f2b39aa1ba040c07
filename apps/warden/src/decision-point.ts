import {
  createDecider,
  decideAtTime,
  type Decider,
  PolicyIndex,
  type PolicyStateReader,
  type Revision,
  type TimedDecider,
} from '@castellan/policy';
import { RpcError } from '@castellan/rpc';
import type { Consistency } from './consistency.js';
import { createFence } from './fence.js';
import { unavailable } from './rpc-answer.js';

/** Policies and groups, indexed, at the revision that the database has. */
export interface PolicyDecisionPoint {
  /**
   * A Decider that is as new as asked for. By default, and fully consistent, it is at the revision that the database had
   * after this call, or a later one: no decision by it can miss a write that returned before. Throws RpcError UNAVAILABLE
   * when that needs the database and it does not answer, FAILED_PRECONDITION for a revision that nobody has written yet.
   */
  at(consistency: Consistency): Promise<TimedDecider>;
  /** The index behind the Deciders, at the current revision, and the time of the database. Throws as `at` does. */
  current(): Promise<{ readonly index: PolicyIndex; readonly now: number }>;
  /** The clock of the database as last observed, milliseconds since the epoch. */
  now(): number;
  /** IDs of the groups that the subject is in, as far as policies were read. */
  groupsOf(subject: string): readonly string[];
  /** Says that the database may have a new revision: what changed is read before anybody asks. */
  anticipate(): void;
}

export type PolicyDecisionPointOptions = {
  readonly reader: PolicyStateReader;
  /** Milliseconds for a fence read; a database that does not answer must not hold back all who come after. */
  readonly fenceTimeoutMs: number;
  /** Milliseconds for a read of what changed, or of the whole state. */
  readonly loadTimeoutMs: number;
  /** Greatest age in milliseconds of policies that are decided by without asking the database. */
  readonly maxStalenessMs: number;
  /** Milliseconds of a clock that does not jump. */
  readonly now: () => number;
  /** The clock of the database as last observed, milliseconds since the epoch: right after a fence, the time of that. */
  readonly databaseNow: () => number;
  /** Puts a cache in front of a Decider. */
  readonly wrap: (decider: Decider) => Decider;
  /** A secret number: where policies stand in the index. */
  readonly seed: number;
  /** Told of stored policies that cannot be evaluated, each time they are others than before. */
  readonly onInvalidPolicies: (ids: readonly string[]) => void;
  /** Told when the database stops answering, and when it answers again. */
  readonly onOutage: (cause: unknown) => void;
  readonly onRecovery: () => void;
};

/** `after`: number of the last fence that had returned when this was read; the index is as new as that, or newer. */
type Loaded = { readonly index: PolicyIndex; after: number };

type Fence = { readonly number: number; readonly revision: Revision; readonly sentAt: number } & DecidersAt;

/** The Deciders at one time of the database. */
type DecidersAt = { readonly now: number; readonly live: TimedDecider; readonly cached: TimedDecider };

/** Makes a decision point; it reads nothing before it is asked. */
export function createPolicyDecisionPoint(options: PolicyDecisionPointOptions): PolicyDecisionPoint {
  const { reader } = options;
  let loaded: Loaded | undefined;
  let loading: Promise<void> | undefined;
  let sent = 0;
  let returned = 0;
  let isOut = false;
  let invalidIds = '';
  /** When the newest fence was sent whose revision the index shows. */
  let confirmedAt = Number.NEGATIVE_INFINITY;

  const live = createDecider({
    get revision() {
      return indexed().revision;
    },
    get lastDecisionEnd() {
      return indexed().lastDecisionEnd;
    },
    decide: (request, now) => indexed().decide(request, now),
    decideWithin: (request, budget, now) => indexed().decideWithin(request, budget, now),
  });
  const cached = options.wrap(live);

  /** Those who share a fence share its time, and these. */
  function decidersAt(now: number): DecidersAt {
    return { now, live: decideAtTime(live, now), cached: decideAtTime(cached, now) };
  }

  function indexed(): PolicyIndex {
    if (loaded === undefined) throw new Error('no Decider is handed out before policies were read');
    return loaded.index;
  }

  const fence = createFence<Fence>(async () => {
    const number = ++sent;
    const sentAt = options.now();
    const revision = await withTimeout(reader.readRevision(), options.fenceTimeoutMs);
    returned = number;
    return { number, revision, sentAt, ...decidersAt(options.databaseNow()) };
  });

  /** Brings the index to the newest revision: by what changed, or anew where that cannot be told. */
  async function catchUp(): Promise<void> {
    const after = returned;
    const changes =
      loaded === undefined
        ? undefined
        : await withTimeout(reader.readChanges(loaded.index.revision), options.loadTimeoutMs);
    if (loaded !== undefined && changes !== undefined) {
      loaded.index.apply(changes);
      loaded.after = after;
    } else {
      const state = await withTimeout(reader.readState(), options.loadTimeoutMs);
      loaded = { index: new PolicyIndex(state, options.seed), after };
    }
    const ids = loaded.index.invalidPolicyIds;
    if (ids.join() !== invalidIds) options.onInvalidPolicies(ids);
    invalidIds = ids.join();
  }

  function isFresh({ number, revision }: Fence): boolean {
    // The mark is never used twice, so that equal revisions are equal states, even after a database was restored.
    return loaded !== undefined && (loaded.index.revision.mark === revision.mark || loaded.after >= number);
  }

  async function read(): Promise<DecidersAt> {
    const fenced = await fence();
    while (!isFresh(fenced)) {
      // A read that was under way may be too old; one that begins now is not.
      loading ??= catchUp().finally(() => (loading = undefined));
      await loading;
    }
    confirmedAt = Math.max(confirmedAt, fenced.sentAt);
    return fenced;
  }

  async function toCurrentRevision(): Promise<DecidersAt> {
    try {
      const deciders = await read();
      if (isOut) options.onRecovery();
      isOut = false;
      return deciders;
    } catch (cause) {
      if (!isOut) options.onOutage(cause);
      isOut = true;
      throw unavailable(cause);
    }
  }

  function anticipate(): void {
    // Who needs the database hears of its outage; here nobody waits.
    toCurrentRevision().catch(() => undefined);
  }

  async function toRevision(number: number): Promise<DecidersAt> {
    if (loaded !== undefined && loaded.index.revision.number >= number) return decidersAt(options.databaseNow());
    const deciders = await toCurrentRevision();
    if (indexed().revision.number < number) {
      throw new RpcError('FAILED_PRECONDITION', `there is no revision ${number} yet`);
    }
    return deciders;
  }

  async function toRecentRevision(): Promise<DecidersAt> {
    const age = options.now() - confirmedAt;
    if (age > options.maxStalenessMs) return toCurrentRevision();
    if (age > options.maxStalenessMs / 2) anticipate();
    return decidersAt(options.databaseNow());
  }

  function decidersFor(consistency: Consistency): Promise<DecidersAt> {
    if (consistency.kind === 'at_least') return toRevision(consistency.revision);
    return consistency.kind === 'minimize_latency' ? toRecentRevision() : toCurrentRevision();
  }

  return {
    async at(consistency) {
      const deciders = await decidersFor(consistency);
      return consistency.kind === 'fully_consistent' ? deciders.live : deciders.cached;
    },
    async current() {
      const { now } = await toCurrentRevision();
      return { index: indexed(), now };
    },
    now: () => options.databaseNow(),
    groupsOf: (subject) => loaded?.index.groupsOf({ subject, anonymous: subject === '' }) ?? [],
    anticipate,
  };
}

/** Rejects when the work takes longer; the work itself goes on, and what comes of it is dropped. */
async function withTimeout<T>(work: Promise<T>, milliseconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${milliseconds} ms`)), milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
