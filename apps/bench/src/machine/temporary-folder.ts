import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A folder for this run that is gone when it is removed, or at the latest when this process ends. */
export type TemporaryFolder = { readonly path: string; remove(): void };

const folders = new Set<string>();
process.on('exit', () => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

/** Makes one. Other users may pass through it: a PostgreSQL that we start as root runs as one of them. */
export function makeTemporaryFolder(): TemporaryFolder {
  const folder = mkdtempSync(path.join(tmpdir(), 'castellan-bench-'));
  chmodSync(folder, 0o711);
  folders.add(folder);
  return {
    path: folder,
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
      folders.delete(folder);
    },
  };
}
