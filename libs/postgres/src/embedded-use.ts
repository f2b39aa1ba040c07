import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { embeddedUrl, ownerOf, startEmbeddedPostgres } from './embedded.js';

/** A database to work on for a while. */
export type BorrowedPostgres = { readonly url: string; release(): Promise<void> };

/**
 * The embedded PostgreSQL of a folder for a command beside the product: the one that runs, where a living castellan holds
 * the folder, else one that is started for as long as it is borrowed. Throws an Error with one clear line.
 */
export async function borrowEmbeddedPostgres(options: {
  readonly folder: string;
  readonly onProgress?: (line: string) => void;
}): Promise<BorrowedPostgres> {
  const folder = path.resolve(options.folder);
  if (ownerOf(folder) !== undefined) return { url: runningUrl(folder), release: async () => undefined };
  const started = await startEmbeddedPostgres({ ...options, mode: 'product' });
  return { url: started.url, release: () => started.stop() };
}

/** Where the running server listens: it writes so beside its data (lines 4 and 5 of postmaster.pid). */
function runningUrl(folder: string): string {
  const file = path.join(folder, 'postgres', 'postmaster.pid');
  const secret = path.join(folder, 'postgres-password');
  if (!existsSync(file) || !existsSync(secret)) {
    throw new Error(`The embedded PostgreSQL in ${folder} is just starting or stopping: try again`);
  }
  const [, , , port = '', socket = ''] = readFileSync(file, 'utf8').split('\n');
  const password = readFileSync(secret, 'utf8').trim();
  return embeddedUrl(
    socket === '' ? { kind: 'tcp', port: Number(port) } : { kind: 'socket', folder: socket },
    password,
  );
}
