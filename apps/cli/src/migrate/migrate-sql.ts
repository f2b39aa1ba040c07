import { migrate, refusedDatabaseUrl, startEmbeddedPostgres } from '@castellan/postgres';
import type { CommandCall } from '../command.js';
import type { DatabaseUrls } from './database-urls.js';
import { dataFolder } from '../data-folder.js';
import { CommandError, errorText } from '../terminal.js';

const connecting = 'An error occurred while connecting to SQL';

/** Migrates the database of each component and prints the progress. Safe to repeat. */
export async function migrateSql(call: CommandCall, urls: DatabaseUrls): Promise<void> {
  const refusal = Object.values(urls)
    .filter((url) => url !== 'embedded')
    .map(refusedDatabaseUrl)
    .find((reason) => reason !== undefined);
  if (refusal !== undefined) throw new CommandError(`${connecting}: ${refusal}`);
  if (!Object.values(urls).includes('embedded')) return apply(call, urls);

  const embedded = await startEmbeddedPostgres({
    folder: dataFolder(call.terminal),
    mode: 'product',
    onProgress: call.note,
  }).catch((error: unknown) => {
    throw new CommandError(`${connecting}: ${errorText(error)}`);
  });
  try {
    const real = (url: string): string => (url === 'embedded' ? embedded.url : url);
    await apply(call, { token: real(urls.token), warden: real(urls.warden), keys: real(urls.keys) });
  } finally {
    await embedded.stop();
  }
}

async function apply(call: CommandCall, urls: DatabaseUrls): Promise<void> {
  let started = false;
  const total = await migrate({
    urls,
    roles: call.has('roles'),
    onProgress: (line) => {
      started ||= line.startsWith('Applied');
      call.print(line);
    },
  }).catch((error: unknown) => {
    const failure = started ? 'An error occurred while running the migrations' : connecting;
    throw new CommandError(`${failure}: ${errorText(error)}`);
  });
  call.print(`Migration successful! Applied a total of ${total} SQL migrations.`);
  call.print('Migration successful!');
}
