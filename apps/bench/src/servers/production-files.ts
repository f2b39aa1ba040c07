import { readFileSync } from 'node:fs';
import path from 'node:path';
import { run, workspace } from '../machine/program.js';
import { makeTemporaryFolder } from '../machine/temporary-folder.js';

/** The files of images in a folder of their own, each app in a folder of its name. */
export type ProductionFiles = { readonly path: string; remove(): void };

const OF_THE_RUNTIME = /^ +((?:NODE_OPTIONS|MALLOC_\w+|MIMALLOC_\w+))="?([^"\\\n]*?)"? *\\?$/gm;

/** What the images of services tell Node and the allocators, as their Dockerfile has it. */
export function readImageEnvironment(): Readonly<Record<string, string>> {
  const dockerfile = readFileSync(path.join(workspace, 'deploy/docker/Dockerfile'), 'utf8');
  const stage = dockerfile.slice(dockerfile.indexOf(' AS service'));
  const variables = [...stage.matchAll(OF_THE_RUNTIME)].map(([, name = '', value = '']) => [name, value] as const);
  if (variables.length === 0)
    throw new Error('deploy/docker/Dockerfile: the stage service says nothing to the runtime');
  return Object.fromEntries(variables);
}

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
