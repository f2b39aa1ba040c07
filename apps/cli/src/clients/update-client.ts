import type { CommandCall } from '../command.js';
import { printOr } from '../format.js';
import { givenSecret, noteSecretOnCommandLine } from '../secret-flags.js';
import { CommandError, printable, UsageError } from '../terminal.js';
import { clientPatch, withoutSecret } from './client-documents.js';
import { membersGiven } from './client-flags.js';

/**
 * The command `clients update`: reads the client's entity tag and changes what is given, on the condition that nobody changed the
 * client meanwhile (RFC 9110 section 13.1.1).
 */
export async function updateClient(call: CommandCall): Promise<void> {
  const id = call.operand(0);
  const secret = await givenSecret(call);
  noteSecretOnCommandLine(call);
  const given = { ...(await membersGiven(call)), ...(secret !== undefined ? { client_secret: secret } : {}) };
  if (Object.keys(given).length === 0) throw new UsageError('there is nothing to change: give at least one member');
  const failure = 'Could not update client';
  const path = ['admin', 'clients', id];
  const api = await call.api();
  const { headers } = await api.readWithHeaders({ failure, path });
  const tag = headers['etag'];
  const updated = await api
    .patch({
      failure,
      path,
      ...(typeof tag === 'string' ? { headers: { 'If-Match': tag } } : {}),
      json: clientPatch(given),
      shown: clientPatch(withoutSecret(given)),
    })
    .catch((error: unknown) => {
      if (!(error instanceof CommandError) || error.answer?.status !== 412) throw error;
      throw new CommandError(
        `Client ${printable(id)} was changed by somebody else while it was being updated; nothing of yours is stored. ` +
          'Look at what it is now (clients get), and repeat the command.',
        { answer: error.answer },
      );
    });
  await printOr(call, () => call.print(`Client ${printable(id)} updated.`), updated);
}
