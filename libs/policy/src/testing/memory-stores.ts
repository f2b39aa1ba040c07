import { randomUUID } from 'node:crypto';
import { type Group, orderByBytes } from '../group.js';
import type { Policy } from '../policy.js';
import type { PolicyHistory } from '../policy-history.js';
import type { PolicyImports } from '../policy-import.js';
import type { PolicyChanges, Revision } from '../policy-state.js';
import type { GroupStore, PolicyStateReader, PolicyStore } from '../policy-store.js';
import { createMemoryPolicyHistory } from './memory-policy-history.js';
import { createMemoryPolicyImports } from './memory-policy-imports.js';

/** The stores of one Warden in memory, sharing one revision. */
export type MemoryWarden = {
  readonly policies: PolicyStore;
  readonly history: PolicyHistory;
  readonly imports: PolicyImports;
  readonly groups: GroupStore;
  readonly reader: PolicyStateReader;
};

/** What a write touched. */
type Touched = {
  readonly policyIds?: readonly string[];
  readonly groupId?: string;
  readonly members?: readonly string[];
};

/** Makes empty stores. */
export function createMemoryWarden(now: () => number = Date.now): MemoryWarden {
  const policies = new Map<string, Policy>();
  const groups = new Map<string, ReadonlySet<string>>();
  let revision: Revision = { number: 1, mark: randomUUID() };
  /** Every revision since the first, and what its write touched. */
  const history: { readonly revision: Revision; readonly touched: Touched }[] = [{ revision, touched: {} }];

  function raise(changed: boolean, touched: Touched): number {
    if (!changed) return revision.number;
    revision = { number: revision.number + 1, mark: randomUUID() };
    history.push({ revision, touched });
    return revision.number;
  }

  function changesSince(since: Revision): PolicyChanges | undefined {
    const start = history.findIndex((one) => one.revision.mark === since.mark);
    if (start < 0) return undefined;
    const touched = history.slice(start + 1).map((one) => one.touched);
    const ids = [...new Set(touched.flatMap(({ policyIds = [] }) => policyIds))];
    const memberships = new Map(
      touched.flatMap(({ groupId = '', members = [] }) =>
        members.map((member) => [JSON.stringify([groupId, member]), { groupId, member }]),
      ),
    );
    return {
      revision,
      policies: ids.flatMap((id) => structuredClone(policies.get(id)) ?? []),
      removedPolicyIds: ids.filter((id) => !policies.has(id)),
      memberships: [...memberships.values()].map((one) => ({
        ...one,
        isPresent: groups.get(one.groupId)?.has(one.member) === true,
      })),
    };
  }

  const policyHistory = createMemoryPolicyHistory({
    policies,
    now,
    revision: () => revision.number,
    raise: (ids) => raise(ids.length > 0, { policyIds: ids }),
  });
  const nobody = { by: 'warden', reason: '' };

  return {
    history: policyHistory.history,
    imports: createMemoryPolicyImports(policyHistory, now),
    policies: {
      async insert(policy) {
        return policyHistory.change({ kind: 'insert', policy, note: nobody });
      },
      async find(id) {
        return structuredClone(policies.get(id));
      },
      async list({ limit, offset }) {
        const page = orderByBytes([...policies.keys()]).slice(offset, offset + limit);
        return page.flatMap((id) => structuredClone(policies.get(id)) ?? []);
      },
      async page(after, limit) {
        const ids = orderByBytes([...policies.keys()]);
        const first = ids.findIndex((id) => Buffer.compare(Buffer.from(id), Buffer.from(after)) > 0);
        const page = first < 0 ? [] : ids.slice(first, first + limit);
        return {
          policies: page.flatMap((id) => structuredClone(policies.get(id)) ?? []),
          revision: revision.number,
          total: policies.size,
        };
      },
      async put(policy) {
        return policyHistory.change({ kind: 'put', policy, note: nobody }) ?? revision.number;
      },
      async remove(id) {
        return policyHistory.change({ kind: 'remove', id, note: nobody }) ?? revision.number;
      },
    },
    groups: {
      async insert(group: Group) {
        if (groups.has(group.id)) return undefined;
        groups.set(group.id, new Set(group.members));
        return raise(true, { groupId: group.id, members: group.members });
      },
      async find(id) {
        const members = groups.get(id);
        return members === undefined ? undefined : { id, members: orderByBytes([...members]) };
      },
      async findByMember(member) {
        return orderByBytes([...groups].filter(([, members]) => members.has(member)).map(([id]) => id));
      },
      async remove(id) {
        const members = [...(groups.get(id) ?? [])];
        return raise(groups.delete(id), { groupId: id, members });
      },
      async addMembers(id, members) {
        const before = groups.get(id);
        if (before === undefined) return undefined;
        const after = new Set([...before, ...members]);
        groups.set(id, after);
        return raise(after.size !== before.size, { groupId: id, members });
      },
      async removeMembers(id, members) {
        const before = groups.get(id);
        if (before === undefined) return undefined;
        const after = new Set([...before].filter((member) => !members.includes(member)));
        groups.set(id, after);
        return raise(after.size !== before.size, { groupId: id, members });
      },
    },
    reader: {
      async readRevision() {
        return revision;
      },
      async readChanges(since) {
        return changesSince(since);
      },
      async readState() {
        return {
          revision,
          policies: structuredClone([...policies.values()]),
          memberships: [...groups].flatMap(([groupId, members]) => [...members].map((member) => ({ groupId, member }))),
        };
      },
    },
  };
}
