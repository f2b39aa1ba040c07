import {
  components,
  type Component,
  type Database,
  DatabaseError,
  openDatabase,
  refusedDatabaseUrl,
} from '@castellan/postgres';
import { access, constants } from 'node:fs/promises';
import { errorText } from '../terminal.js';
import { checkKeys, checkSecrets } from './check-secrets.js';
import { type Check, error, type Examination, type Finding, ok, type Patient, warning } from './finding.js';

const connectTimeoutMs = 5_000;
const clockWarningMs = 2_000;
const clockErrorMs = 30_000;

const databasesOf: Readonly<Record<Patient, readonly Component[]>> = {
  host: components,
  gateway: [],
  admin: [],
  token: ['token'],
  warden: ['warden'],
  keys: ['keys'],
};

const advice: Readonly<Record<DatabaseError['reason'], string>> = {
  unreachable: 'is the server up, may this machine reach it, and are user, password and sslmode of the URL right?',
  'too-old': 'upgrade PostgreSQL to version 14 or later',
  unmigrated: 'castellan migrate sql --read-from-env, before anything is started',
  newer: 'run the version of castellan that migrated it, or a later one',
};

/** Each database of the program: reachable, of the right version and schema, with a right clock, and of our secret. */
export const checkDatabases: Check = async (examination) => {
  const { env, patient } = examination;
  const findings = await Promise.all(
    databasesOf[patient].map(async (component) => {
      const url = env[`${component.toUpperCase()}_DATABASE_URL`] || env['DATABASE_URL'] || '';
      if (url === 'embedded') return [];
      // What is wrong with a URL is said of the configuration.
      return url === '' || refusedDatabaseUrl(url) !== undefined ? [] : checkDatabase(component, url, examination);
    }),
  );
  const usesEmbedded = databasesOf[patient].some(
    (component) => (env[`${component.toUpperCase()}_DATABASE_URL`] || env['DATABASE_URL']) === 'embedded',
  );
  return [...(usesEmbedded ? [await checkEmbedded(examination)] : []), ...findings.flat()];
};

async function checkEmbedded({ dataFolder }: Examination): Promise<Finding> {
  const exists = await access(dataFolder, constants.W_OK).then(
    () => true,
    () => false,
  );
  const where = `the embedded PostgreSQL keeps its data in ${dataFolder}`;
  return ok(
    'database',
    exists ? `${where}; host starts and migrates it` : `${where}, which host makes at its first start`,
  );
}

async function checkDatabase(component: Component, url: string, examination: Examination): Promise<readonly Finding[]> {
  const name = `database ${component}`;
  let database: Database;
  try {
    database = await openDatabase({ url, component, poolSize: 1, connectTimeoutMs });
  } catch (thrown) {
    const reason = thrown instanceof DatabaseError ? thrown.reason : 'unreachable';
    return [error(reason === 'unreachable' ? name : `schema ${component}`, errorText(thrown), advice[reason])];
  }
  try {
    return [
      ok(name, await describeServer(database)),
      ok(`schema ${component}`, 'every migration of this version is applied, and none of a later one'),
      await checkClock(database, examination),
      ...(await checkSecrets(database, examination)),
      ...(component === 'keys' ? await checkKeys(database, examination) : []),
    ];
  } catch (thrown) {
    return [error(name, `it stopped answering: ${errorText(thrown)}`, advice.unreachable)];
  } finally {
    await database.close();
  }
}

async function describeServer(database: Database): Promise<string> {
  const [row] = await database.query<{ version: string; user: string; tls: boolean | null }>(
    'doctor-server',
    `SELECT current_setting('server_version') AS version, current_user AS user,
       (SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()) AS tls`,
  );
  return `PostgreSQL ${row?.version ?? '?'} answers, role ${row?.user ?? '?'}, ${row?.tls === true ? 'with' : 'without'} TLS`;
}

/** Lifetimes are judged by the clock of the database; what this process dates (JWTs) must agree with it. */
async function checkClock(database: Database, { now }: Examination): Promise<Finding> {
  const name = `clock ${database.component}`;
  const before = now();
  const [row] = await database.query<{ now: Date }>(
    'doctor-clock',
    `SELECT ${database.component}.castellan_now() AS now`,
  );
  const offset = (row?.now.getTime() ?? 0) - (before + now()) / 2;
  const text = `the clock of the database is ${seconds(Math.abs(offset))} ${offset < 0 ? 'behind' : 'ahead of'} this machine's`;
  const todo = 'let NTP set the clocks of both machines; lifetimes go by that of the database';
  if (Math.abs(offset) > clockErrorMs) return error(name, text, todo);
  return Math.abs(offset) > clockWarningMs ? warning(name, text, todo) : ok(name, text);
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(milliseconds < 10_000 ? 2 : 0)} s`;
}
