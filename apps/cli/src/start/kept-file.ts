import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * The text of a file that is made once: read when it is there, else made with `make`, readable by its owner only (0600). Of two that
 * make it at once, both get the text of the first.
 */
export async function keptFile(path: string, make: () => string): Promise<string> {
  const present = await readFile(path, 'utf8').catch(absent);
  if (present !== undefined) return present.trim();
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  await writeFile(temporary, `${make()}\n`, { mode: 0o600, flag: 'wx', flush: true });
  try {
    // A link is made only where no file is yet, and never half written.
    await link(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(temporary, { force: true });
  }
  return (await readFile(path, 'utf8')).trim();
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
