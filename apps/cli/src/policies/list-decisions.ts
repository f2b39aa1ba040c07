import type { CommandCall } from '../command.js';
import { printFormatted } from '../format.js';
import { UsageError } from '../terminal.js';
import { fetchDecisions } from './recorded-decisions.js';

/** `warden decisions`: what the Warden decided, the newest first. */
export async function listDecisions(call: CommandCall): Promise<void> {
  const limit = call.text('limit');
  if (!/^[1-9]\d{0,5}$/.test(limit)) throw new UsageError('--limit must be a count from 1');
  const query = Object.fromEntries(
    ['subject', 'resource', 'action', 'since'].flatMap((name) =>
      call.text(name) !== '' ? [[name, call.text(name)]] : [],
    ),
  );
  if (call.has('denied')) query['allowed'] = 'false';
  const decisions = await fetchDecisions(call, Number(limit), query);
  await printFormatted(call, decisions, columns);
}

const columns = ['decided_at', 'allowed', 'reason', 'subject', 'action', 'resource', 'door', 'caller'];
