import { flag, type CommandCall, type CommandRow } from '../command.js';
import { CommandError, UsageError } from '../terminal.js';
import type { DatabaseUrls } from '../migrate/database-urls.js';

export const migrateRows: readonly CommandRow[] = [
  { path: 'migrate', summary: 'Bring a database up to date' },
  {
    path: 'migrate sql',
    summary: 'Create or update the tables',
    examples: ['migrate sql postgres://castellan@db/castellan'],
    details:
      'The URL is postgres://..., or embedded for the PostgreSQL that ships with Castellan (data folder: CASTELLAN_DATA).\n' +
      'TOKEN_DATABASE_URL, WARDEN_DATABASE_URL and KEYS_DATABASE_URL are used with -e only.',
    operands: '[url]',
    flags: [
      flag('-e, --read-from-env', 'read the URL from DATABASE_URL, TOKEN_, WARDEN_ and KEYS_DATABASE_URL'),
      flag('--roles', 'make the roles castellan_token, castellan_warden and castellan_keys with the least rights'),
    ],
    run: async (call) => {
      const { migrateSql } = await import('../migrate/migrate-sql.js');
      await migrateSql(call, await databaseUrls(call));
    },
  },
  {
    path: 'migrate ladon',
    summary: 'Not needed: moved the policies of Hydra 0.5 databases',
    examples: ['migrate ladon'],
    operands: '[version] [url]',
    run: async (call) => {
      throw new CommandError(
        `There is nothing to move: Castellan never had the old policy tables. Use \`${call.terminal.programName} migrate sql\`.`,
      );
    },
  },
];

async function databaseUrls(call: CommandCall): Promise<DatabaseUrls> {
  if (!call.has('read-from-env')) {
    const url = call.operands[0];
    if (url === undefined || url === '') throw new UsageError("missing required argument 'url'");
    return { token: url, warden: url, keys: url };
  }
  if (call.operands.length > 0) throw new UsageError('give either a URL or --read-from-env');
  const { readEnvironment } = await import('@castellan/service');
  const { everyVariable, programVariables } = await import('../configuration/variables.js');
  const env = readEnvironment(call.terminal.env, programVariables.migrate, everyVariable);
  const read = (name: string): string => {
    const url = env[name] || env['DATABASE_URL'];
    if (url === undefined || url === '') throw new CommandError(`DATABASE_URL is not set, and neither is ${name}.`);
    return url;
  };
  return { token: read('TOKEN_DATABASE_URL'), warden: read('WARDEN_DATABASE_URL'), keys: read('KEYS_DATABASE_URL') };
}
