import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Policy } from '../policy.js';
import { maxImportedPolicies, type PolicyImports } from '../policy-import.js';
import type { MemoryPolicyHistory } from './memory-policy-history.js';

const lifetimeMs = 3_600_000;

type OpenImport = { readonly by: string; readonly openedAt: number; readonly items: Map<string, Policy> };

/** Imports in memory. */
export function createMemoryPolicyImports(memory: MemoryPolicyHistory, now: () => number): PolicyImports {
  const imports = new Map<string, OpenImport>();

  function find(id: string, by: string): OpenImport | undefined {
    const found = imports.get(id);
    return found !== undefined && found.by === by && found.openedAt >= now() - lifetimeMs ? found : undefined;
  }

  return {
    async begin(by) {
      const id = randomUUID();
      imports.set(id, { by, openedAt: now(), items: new Map() });
      return id;
    },
    async stage(importId, by, policies) {
      const open = find(importId, by);
      if (open === undefined) return { refused: 'unknown' };
      const ids = policies.map(({ id }) => id);
      const twice = ids.find((id, index) => open.items.has(id) || ids.indexOf(id) !== index);
      if (twice !== undefined) return { refused: 'twice', id: twice };
      if (open.items.size + ids.length > maxImportedPolicies) return { refused: 'too_many' };
      for (const policy of policies) open.items.set(policy.id, structuredClone(policy));
      return open.items.size;
    },
    async commit(importId, { note, prune, ifRevision }) {
      const open = find(importId, note.by);
      if (open === undefined) return 'unknown';
      if (ifRevision !== undefined && ifRevision !== memory.revision()) return 'other_revision';
      const written = [...open.items].filter(([id, policy]) => !isDeepStrictEqual(memory.policies.get(id), policy));
      const created = written.filter(([id]) => !memory.policies.has(id)).length;
      const removed = prune ? [...memory.policies.keys()].filter((id) => !open.items.has(id)) : [];
      const changes = new Map<string, Policy | undefined>([
        ...written,
        ...removed.map((id) => [id, undefined] as const),
      ]);
      const revision = changes.size > 0 ? memory.changeAll(changes, note) : memory.revision();
      imports.delete(importId);
      return {
        created,
        updated: written.length - created,
        removed: removed.length,
        unchanged: open.items.size - written.length,
        revision,
      };
    },
    async abort(importId, by) {
      if (find(importId, by) !== undefined) imports.delete(importId);
    },
  };
}
