import { randomUUID } from 'node:crypto';
import { type Group, orderByBytes } from '../group.js';
import type { Policy } from '../policy.js';
import type { PolicyChanges, Revision } from '../policy-state.js';
import type { GroupStore, PolicyStateReader, PolicyStore } from '../policy-store.js';

/** The stores of one Warden in memory, sharing one revision. */
export type MemoryWarden = {
  readonly policies: PolicyStore;
  readonly groups: GroupStore;
  readonly reader: PolicyStateReader;
};

/** What a write touched. */
type Touched = { readonly policyId?: string; readonly groupId?: string; readonly members?: readonly string[] };

/** Makes empty stores. */
export function createMemoryWarden(): MemoryWarden {
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
    const ids = [...new Set(touched.flatMap(({ policyId }) => policyId ?? []))];
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

  return {
    policies: {
      async insert(policy) {
        if (policies.has(policy.id)) return undefined;
        policies.set(policy.id, structuredClone(policy));
        return raise(true, { policyId: policy.id });
      },
      async find(id) {
        return structuredClone(policies.get(id));
      },
      async list({ limit, offset }) {
        const page = orderByBytes([...policies.keys()]).slice(offset, offset + limit);
        return page.flatMap((id) => structuredClone(policies.get(id)) ?? []);
      },
      async put(policy) {
        policies.set(policy.id, structuredClone(policy));
        return raise(true, { policyId: policy.id });
      },
      async remove(id) {
        return raise(policies.delete(id), { policyId: id });
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
