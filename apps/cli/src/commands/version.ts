import { readFile, stat } from 'node:fs/promises';
import type { CommandRow } from '../command.js';
import { members } from '../json.js';

export const versionRow: CommandRow = {
  path: 'version',
  summary: 'Show version, git hash and build time',
  examples: ['version'],
  run: async (call) => {
    call.print(`Version:    ${await packageVersion()}`);
    call.print(`Git Hash:   ${call.terminal.env['CASTELLAN_GIT_HASH'] || (await checkedOutCommit()) || 'unknown'}`);
    call.print(`Build Time: ${call.terminal.env['CASTELLAN_BUILD_TIME'] || (await compileTime()) || 'unknown'}`);
  },
};

/** The version of this package. */
export async function packageVersion(): Promise<string> {
  const manifest: unknown = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
  return String(members(manifest)['version'] ?? 'unknown');
}

// Images are told both by their build; a checkout knows them itself.
async function checkedOutCommit(): Promise<string | undefined> {
  const folder = new URL('../../../../.git/', import.meta.url);
  try {
    const head = (await readFile(new URL('HEAD', folder), 'utf8')).trim();
    const reference = /^ref: (.+)$/.exec(head)?.[1];
    return reference === undefined ? head : (await readFile(new URL(reference, folder), 'utf8')).trim();
  } catch {
    return undefined;
  }
}

async function compileTime(): Promise<string | undefined> {
  return (await stat(new URL(import.meta.url)).catch(() => undefined))?.mtime.toISOString();
}
