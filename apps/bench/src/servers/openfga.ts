import { execFile } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { freePorts } from '../machine/ports.js';
import { run, start } from '../machine/program.js';
import { ask, untilAnswers } from './http.js';

const VERSION = 'v1.22.1';
const MODULE = `github.com/openfga/openfga/cmd/openfga@${VERSION}`;
const KEY = 'a-key-that-callers-of-the-benchmark-show';
/** As many as it takes in one write. */
const TUPLES_PER_WRITE = 100;

/** Who may do what with which thing, in the words of OpenFGA. */
export type Tuple = { readonly user: string; readonly relation: string; readonly object: string };

/** OpenFGA with one store and one model; callers show a preshared key. */
export type OpenFga = {
  readonly checkUrl: string;
  readonly authorization: string;
  readonly pid: number;
  output(): string;
  write(tuples: readonly Tuple[]): Promise<void>;
  stop(): Promise<void>;
};

/**
 * OpenFGA as Go builds it from its module, once for a machine. Undefined, with a word why, where Go is not installed or
 * the module cannot be had: the peer is optional.
 */
export async function installOpenFga(say: (line: string) => void): Promise<string | undefined> {
  const cache = process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache');
  const folder = path.join(cache, 'castellan/tools', `openfga-${VERSION}`);
  const binary = path.join(folder, 'openfga');
  if (existsSync(binary)) return binary;
  mkdirSync(folder, { recursive: true });
  say(`building OpenFGA ${VERSION} with Go: some minutes, once`);
  try {
    await promisify(execFile)('go', ['install', MODULE], { env: { ...process.env, GOBIN: folder } });
  } catch (cause) {
    say(`OpenFGA is not measured: ${cause instanceof Error ? cause.message.slice(0, 300) : String(cause)}`);
    return undefined;
  }
  return binary;
}

/** Starts OpenFGA over a database, or in memory without one, with relations of these names on `thing`. */
export async function startOpenFga(
  binary: string,
  options: {
    readonly databaseUrl?: string;
    readonly relations: readonly string[];
    readonly cores?: string | undefined;
  },
): Promise<OpenFga> {
  const { databaseUrl, relations, cores } = options;
  const [http = 0, grpc = 0] = await freePorts(2);
  const store =
    databaseUrl === undefined
      ? ['--datastore-engine', 'memory']
      : ['--datastore-engine', 'postgres', '--datastore-uri', databaseUrl];
  if (databaseUrl !== undefined) await run('openfga', { command: binary, args: ['migrate', ...store] });
  const running = start('openfga', {
    command: binary,
    args: [
      'run',
      ...store,
      ...['--http-addr', `127.0.0.1:${http}`, '--grpc-addr', `127.0.0.1:${grpc}`],
      ...['--authn-method', 'preshared', '--authn-preshared-keys', KEY],
      ...['--playground-enabled=false', '--metrics-enabled=false', '--log-level', 'error'],
    ],
    cores,
  });
  const authorization = `Bearer ${KEY}`;
  const url = `http://127.0.0.1:${http}`;
  try {
    await untilAnswers(`${url}/healthz`, running.output, running.hasEnded);
    const { id } = (await ask(`${url}/stores`, { json: { name: 'benchmark' }, authorization })) as { id: string };
    const model = await ask(`${url}/stores/${id}/authorization-models`, { json: modelOf(relations), authorization });
    const authorization_model_id = (model as { authorization_model_id: string }).authorization_model_id;
    return {
      checkUrl: `${url}/stores/${id}/check`,
      authorization,
      pid: running.pid,
      output: running.output,
      async write(tuples) {
        for (let from = 0; from < tuples.length; from += TUPLES_PER_WRITE) {
          const writes = { tuple_keys: tuples.slice(from, from + TUPLES_PER_WRITE) };
          await ask(`${url}/stores/${id}/write`, { json: { writes, authorization_model_id }, authorization });
        }
      },
      stop: () => running.stop(),
    };
  } catch (cause) {
    await running.stop();
    throw cause;
  }
}

/** Users, groups of users, and things on which each relation is given to users and to members of groups. */
function modelOf(relations: readonly string[]): object {
  const given = { directly_related_user_types: [{ type: 'user' }, { type: 'group', relation: 'member' }] };
  return {
    schema_version: '1.1',
    type_definitions: [
      { type: 'user' },
      {
        type: 'group',
        relations: { member: { this: {} } },
        metadata: { relations: { member: { directly_related_user_types: [{ type: 'user' }] } } },
      },
      {
        type: 'thing',
        relations: Object.fromEntries(relations.map((name) => [name, { this: {} }])),
        metadata: { relations: Object.fromEntries(relations.map((name) => [name, given])) },
      },
    ],
  };
}
