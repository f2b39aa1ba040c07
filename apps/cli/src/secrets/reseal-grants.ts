import { resealSessions, sessionSecretUses } from '@castellan/postgres';
import type { CommandCall } from '../command.js';
import { CommandError } from '../terminal.js';
import { progressBar } from './progress-bar.js';
import type { SecretDatabases } from './secret-databases.js';

const grantsAtOnce = 200;

/**
 * Seals what grants say about people with the token secret that belongs to the system secret in use, in small
 * transactions: it can be stopped and started again. Throws CommandError when a row does not open.
 */
export async function resealGrants(call: CommandCall, databases: SecretDatabases, inUse: string): Promise<void> {
  const { token } = databases;
  const tokenKeyId = databases.held.find(({ keyId }) => keyId === inUse)?.token.keyId ?? '';
  const sessions = databases.sessions(inUse);
  const uses = await sessionSecretUses(token);
  const total = [...uses].reduce((sum, [keyId, grants]) => sum + (keyId === tokenKeyId ? 0 : grants), 0);
  if (total === 0) return;
  const bar = progressBar(call.terminal.stderr, total);
  let done = 0;
  for (;;) {
    const resealed = await resealSessions(token, sessions, tokenKeyId, grantsAtOnce).catch((cause: unknown) => {
      if (cause instanceof Error && cause.name === 'SessionSealError') {
        throw new CommandError(
          `A row of token.family does not open: ${cause.message}. Nothing of its batch was changed.`,
        );
      }
      throw cause;
    });
    if (resealed === 0) break;
    done += resealed;
    bar.show(done);
  }
  bar.end();
  call.print(`${done} grants are sealed with secret ${inUse} now, and none with another.`);
}
