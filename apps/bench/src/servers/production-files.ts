import path from 'node:path';
import { run } from '../machine/program.js';
import { makeTemporaryFolder } from '../machine/temporary-folder.js';

/** The files of images in a folder of their own, each app in a folder of its name. */
export type ProductionFiles = { readonly path: string; remove(): void };

/** What the Dockerfile says to Node. */
export const imageOptions = { NODE_OPTIONS: '--disable-proto=delete --max-semi-space-size=4' } as const;

/** Lays out what the images of some apps contain, as their Dockerfile does. */
export async function makeProductionFiles(apps: readonly string[]): Promise<ProductionFiles> {
  const folder = makeTemporaryFolder();
  try {
    for (const app of apps)
      await run('deploy/docker/production-files.mjs', { args: [app, path.join(folder.path, app), '--link'] });
    return folder;
  } catch (cause) {
    folder.remove();
    throw cause;
  }
}
