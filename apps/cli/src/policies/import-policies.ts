import { type Policy, policyToJson } from '@castellan/policy';
import type { AdminApi } from '../admin-api.js';
import type { CommandCall } from '../command.js';
import { formatOf, printOr } from '../format.js';
import { compactJson, members } from '../json.js';
import { CommandError, UsageError } from '../terminal.js';
import { barOn } from './export-policies.js';
import { readPolicyFile } from './policy-file.js';

/** A request stays well below the mebibyte that the server reads. */
const maxChunkBytes = 300_000;
const maxChunkPolicies = 500;

/** `policies import`: stores all policies of a file at once, or none of them. */
export async function importPolicies(call: CommandCall): Promise<void> {
  const policies = await readPolicyFile(call.text('file'));
  const ifRevision = call.text('if-revision');
  if (ifRevision !== '' && !/^[1-9]\d*$/.test(ifRevision)) throw new UsageError('--if-revision must be a revision');
  if (policies.length === 0) throw new CommandError(`${call.text('file')} holds no policy`);
  const commit = {
    ...(call.has('prune') ? { prune: true } : {}),
    ...(ifRevision !== '' ? { if_revision: Number(ifRevision) } : {}),
    ...(call.text('reason') !== '' ? { reason: call.text('reason') } : {}),
  };
  const api = await call.api();
  const opened = members(await api.post({ failure: 'Could not begin the import', path: ['policy-imports'] }));
  // A dry run shows the whole, with a placeholder for what the server would answer.
  const id = call.printDryRun !== undefined ? 'IMPORT_ID' : String(opened['id'] ?? '');
  const counts = await sendAll(call, api, id, policies, commit);
  if (call.printDryRun !== undefined) return;
  const count = (name: string): number => Number(counts[name] ?? 0);
  const own =
    `Imported ${policies.length} policies: ${count('created')} created, ${count('updated')} updated, ` +
    `${count('removed')} removed, ${count('unchanged')} unchanged. The revision is ${count('revision')}.`;
  await printOr(call, () => call.print(own), counts);
}

/** Stages every chunk and commits. What goes wrong before the commit changed nothing; the server is told to forget it. */
async function sendAll(
  call: CommandCall,
  api: AdminApi,
  id: string,
  policies: readonly Policy[],
  commit: object,
): Promise<Record<string, unknown>> {
  // With --format json whatever is on standard error is JSON.
  const bar = formatOf(call) === 'json' ? undefined : barOn(call, policies.length);
  const failure = 'Could not import; nothing was changed';
  try {
    let staged = 0;
    for (const chunk of toChunks(policies)) {
      await api.post({ failure, path: ['policy-imports', id, 'policies'], json: { policies: chunk } });
      staged += chunk.length;
      bar?.show(staged);
    }
    bar?.end();
    return members(await api.post({ failure, path: ['policy-imports', id, 'commit'], json: commit }));
  } catch (error) {
    // It is forgotten within the hour anyway.
    await api.delete({ failure, path: ['policy-imports', id] }).catch(() => undefined);
    throw error;
  }
}

/** Policies as they are sent, as many together as one request may hold. */
export function toChunks(policies: readonly Policy[]): readonly (readonly object[])[] {
  const chunks: object[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const policy of policies) {
    const json = policyToJson(policy);
    const length = Buffer.byteLength(compactJson(json));
    const last = chunks.at(-1);
    if (last === undefined || bytes + length > maxChunkBytes || last.length >= maxChunkPolicies) {
      chunks.push([json]);
      bytes = length;
    } else {
      last.push(json);
      bytes += length;
    }
  }
  return chunks;
}
