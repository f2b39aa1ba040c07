import { randomUUID } from 'node:crypto';
import { type Group, orderByBytes } from '../group.js';
import type { Policy } from '../policy.js';
import type { Revision } from '../policy-snapshot.js';
import type { GroupStore, PolicyStateReader, PolicyStore } from '../policy-store.js';

/** The stores of one Warden in memory, sharing one revision. */
export type MemoryWarden = {
  readonly policies: PolicyStore;
  readonly groups: GroupStore;
  readonly reader: PolicyStateReader;
};

/** Makes empty stores. */
export function createMemoryWarden(): MemoryWarden {
  const policies = new Map<string, Policy>();
  const groups = new Map<string, ReadonlySet<string>>();
  let revision: Revision = { number: 1, mark: randomUUID() };

  function raise(changed: boolean): number {
    if (changed) revision = { number: revision.number + 1, mark: randomUUID() };
    return revision.number;
  }

  return {
    policies: {
      async insert(policy) {
        if (policies.has(policy.id)) return undefined;
        policies.set(policy.id, structuredClone(policy));
        return raise(true);
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
        return raise(true);
      },
      async remove(id) {
        return raise(policies.delete(id));
      },
    },
    groups: {
      async insert(group: Group) {
        if (groups.has(group.id)) return undefined;
        groups.set(group.id, new Set(group.members));
        return raise(true);
      },
      async find(id) {
        const members = groups.get(id);
        return members === undefined ? undefined : { id, members: orderByBytes([...members]) };
      },
      async findByMember(member) {
        return orderByBytes([...groups].filter(([, members]) => members.has(member)).map(([id]) => id));
      },
      async remove(id) {
        return raise(groups.delete(id));
      },
      async addMembers(id, members) {
        const before = groups.get(id);
        if (before === undefined) return undefined;
        const after = new Set([...before, ...members]);
        groups.set(id, after);
        return raise(after.size !== before.size);
      },
      async removeMembers(id, members) {
        const before = groups.get(id);
        if (before === undefined) return undefined;
        const after = new Set([...before].filter((member) => !members.includes(member)));
        groups.set(id, after);
        return raise(after.size !== before.size);
      },
    },
    reader: {
      async readRevision() {
        return revision;
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
