import type { Workload } from '../policy/workload.js';
import { AnswerError, ask } from './http.js';
import type { Product } from './product.js';

const policiesPerPart = 500;
const membersPerRequest = 10_000;
/** So many take effect at once; a larger set comes in several imports. */
const policiesPerImport = 50_000;

/** Stores policies as `policies import` does, and groups with their members. */
export async function storeWorkload(
  say: (line: string) => void,
  product: Product,
  { policies, memberships }: Workload,
): Promise<void> {
  say(`storing ${policies.length} policies in castellan (${product.mode})`);
  for (let from = 0; from < policies.length; from += policiesPerImport)
    await importPolicies(product, policies.slice(from, from + policiesPerImport));
  const authorization = await product.rootAuthorization();
  const waiting = [...membersByGroup(memberships)];
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
      await storeGroup(product, next[0], next[1], authorization);
  };
  await Promise.all(Array.from({ length: 16 }, worker));
}

/** Imports policies in parts and commits them at once. Answers how long parts and commit took, in milliseconds. */
export async function importPolicies(
  product: Product,
  policies: Workload['policies'],
): Promise<{ readonly stageMs: number; readonly commitMs: number }> {
  const authorization = await product.rootAuthorization();
  const imports = `${product.adminUrl}/policy-imports`;
  const startedAt = performance.now();
  const { id } = (await ask(imports, { json: {}, authorization })) as { id: string };
  for (let from = 0; from < policies.length; from += policiesPerPart)
    await ask(`${imports}/${id}/policies`, {
      json: { policies: policies.slice(from, from + policiesPerPart) },
      authorization,
    });
  const stagedAt = performance.now();
  await ask(`${imports}/${id}/commit`, { json: {}, authorization });
  return { stageMs: stagedAt - startedAt, commitMs: performance.now() - stagedAt };
}

async function storeGroup(product: Product, id: string, members: string[], authorization: string): Promise<void> {
  const groups = `${product.adminUrl}/warden/groups`;
  await ask(groups, { json: { id, members: [] }, authorization }).catch((cause: unknown) => {
    // A smaller workload before has made it.
    if (!(cause instanceof AnswerError) || cause.status !== 409) throw cause;
  });
  for (let from = 0; from < members.length; from += membersPerRequest) {
    const json = { members: members.slice(from, from + membersPerRequest) };
    await ask(`${groups}/${encodeURIComponent(id)}/members`, { json, authorization });
  }
}

function membersByGroup(memberships: Workload['memberships']): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { groupId, member } of memberships) {
    const known = groups.get(groupId);
    if (known === undefined) groups.set(groupId, [member]);
    else known.push(member);
  }
  return groups;
}
