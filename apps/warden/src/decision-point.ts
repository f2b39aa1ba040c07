import {
  compileSnapshot,
  createDecider,
  type Decider,
  type PolicySnapshot,
  type PolicyStateReader,
  type Revision,
} from '@castellan/policy';
import { createFence } from './fence.js';
import { unavailable } from './rpc-answer.js';

/** Policies and groups, compiled, at the revision that the database has. */
export interface PolicyDecisionPoint {
  /**
   * The Decider at the revision that the database had after this call, or a later one: no decision by it can miss a
   * write that returned before. Throws RpcError UNAVAILABLE when the database does not answer.
   */
  atCurrentRevision(): Promise<Decider>;
}

export type PolicyDecisionPointOptions = {
  readonly reader: PolicyStateReader;
  /** Milliseconds for a fence read; a database that does not answer must not hold back all who come after. */
  readonly fenceTimeoutMs: number;
  /** Milliseconds for a read of the whole state. */
  readonly loadTimeoutMs: number;
  /** Puts a cache in front of a Decider. */
  readonly wrap: (decider: Decider) => Decider;
  /** Told of stored policies that cannot be evaluated, each time they are others than before. */
  readonly onInvalidPolicies: (ids: readonly string[]) => void;
  /** Told when the database stops answering, and when it answers again. */
  readonly onOutage: (cause: unknown) => void;
  readonly onRecovery: () => void;
};

/** `after`: number of the last fence that had returned when this state was asked for; it is as new as that, or newer. */
type Loaded = { readonly snapshot: PolicySnapshot; readonly decider: Decider; readonly after: number };

/** Makes a decision point; it reads nothing before it is asked. */
export function createPolicyDecisionPoint(options: PolicyDecisionPointOptions): PolicyDecisionPoint {
  const { reader } = options;
  let loaded: Loaded | undefined;
  let loading: Promise<void> | undefined;
  let sent = 0;
  let returned = 0;
  let isOut = false;

  const fence = createFence(async () => {
    const number = ++sent;
    const revision = await withTimeout(reader.readRevision(), options.fenceTimeoutMs);
    returned = number;
    return { number, revision };
  });

  async function load(): Promise<void> {
    const after = returned;
    const state = await withTimeout(reader.readState(), options.loadTimeoutMs);
    const previous = loaded?.snapshot;
    const snapshot = compileSnapshot(state, previous);
    loaded = { snapshot, decider: options.wrap(createDecider(snapshot)), after };
    const ids = snapshot.invalidPolicyIds;
    if (ids.join() !== (previous?.invalidPolicyIds ?? []).join()) options.onInvalidPolicies(ids);
  }

  function findFresh(revision: Revision, number: number): Decider | undefined {
    if (loaded === undefined) return undefined;
    // The mark is never used twice, so that equal revisions are equal states, even after a database was restored.
    const isEqual = loaded.snapshot.revision.mark === revision.mark;
    return isEqual || loaded.after >= number ? loaded.decider : undefined;
  }

  async function read(): Promise<Decider> {
    const { number, revision } = await fence();
    for (;;) {
      const decider = findFresh(revision, number);
      if (decider !== undefined) return decider;
      // A load that was under way may be too old; one that begins now is not.
      loading ??= load().finally(() => (loading = undefined));
      await loading;
    }
  }

  return {
    async atCurrentRevision() {
      try {
        const decider = await read();
        if (isOut) options.onRecovery();
        isOut = false;
        return decider;
      } catch (cause) {
        if (!isOut) options.onOutage(cause);
        isOut = true;
        throw unavailable(cause);
      }
    },
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
