import type { Policy } from '../policy.js';
import type { ChangeNote, PolicyHistory, PolicyVersion, PolicyWrite, PolicyWritten } from '../policy-history.js';

/** The policies of a Warden in memory, and how its revision is raised by a change of some of them. */
export type MemoryPolicies = {
  readonly policies: Map<string, Policy>;
  readonly now: () => number;
  readonly revision: () => number;
  readonly raise: (changedIds: readonly string[]) => number;
};

/** Changes policies in memory and keeps what they were. */
export type MemoryPolicyHistory = MemoryPolicies & {
  readonly history: PolicyHistory;
  /** Changes a policy; answers the revision, undefined when its ID is taken. */
  change(write: PolicyWrite): number | undefined;
  /** Changes many at one revision: what is undefined is removed. */
  changeAll(changes: ReadonlyMap<string, Policy | undefined>, note: ChangeNote): number;
};

export function createMemoryPolicyHistory(memory: MemoryPolicies): MemoryPolicyHistory {
  const versions = new Map<string, PolicyVersion[]>();

  function versionOf(id: string): number {
    return versions.get(id)?.length ?? 0;
  }

  function changeAll(changes: ReadonlyMap<string, Policy | undefined>, note: ChangeNote): number {
    const revision = memory.raise([...changes.keys()]);
    for (const [id, policy] of changes) {
      if (policy === undefined) memory.policies.delete(id);
      else memory.policies.set(id, structuredClone(policy));
      const version = {
        version: versionOf(id) + 1,
        revision,
        changedAt: memory.now(),
        changedBy: note.by,
        reason: note.reason,
        policy: structuredClone(policy),
      };
      versions.set(id, [...(versions.get(id) ?? []), version]);
    }
    return revision;
  }

  function write(one: PolicyWrite): PolicyWritten {
    const id = one.kind === 'remove' ? one.id : one.policy.id;
    const exists = memory.policies.has(id);
    if (one.kind === 'insert' && exists) return { outcome: 'taken' };
    if (one.kind !== 'insert' && one.ifVersion !== undefined) {
      if (!exists || (one.ifVersion !== 0 && one.ifVersion !== versionOf(id))) return { outcome: 'other_version' };
    }
    if (one.kind === 'remove' && !exists) return { outcome: 'written', revision: memory.revision(), version: 0 };
    const revision = changeAll(new Map([[id, one.kind === 'remove' ? undefined : one.policy]]), one.note);
    return { outcome: 'written', revision, version: versionOf(id) };
  }

  return {
    ...memory,
    changeAll,
    change(one) {
      const written = write(one);
      return written.outcome === 'written' ? written.revision : undefined;
    },
    history: {
      async write(one) {
        return write(one);
      },
      async findCurrent(id) {
        const policy = structuredClone(memory.policies.get(id));
        return policy === undefined ? undefined : { policy, version: versionOf(id) };
      },
      async find(id, version) {
        return structuredClone(versions.get(id)?.[version - 1]);
      },
      async list(id, { limit, before = Number.POSITIVE_INFINITY }) {
        const all = (versions.get(id) ?? []).filter(({ version }) => version < before);
        return structuredClone(all.toReversed().slice(0, limit));
      },
    },
  };
}
