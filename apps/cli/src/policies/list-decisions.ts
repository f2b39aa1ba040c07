import type { CommandCall } from '../command.js';
import { printResult } from '../output-format.js';
import { printable, UsageError } from '../terminal.js';
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
  printResult(call, decisions, ['DECIDED', 'ANSWER', 'SUBJECT', 'ACTION', 'RESOURCE', 'DOOR', 'CALLER'], () =>
    decisions.map((one) =>
      [
        one['decided_at'],
        one['allowed'] === true ? 'allowed' : `denied (${String(one['reason'])})`,
        one['subject'],
        one['action'],
        one['resource'],
        one['door'],
        one['caller'],
      ].map((cell) => printable(String(cell ?? ''))),
    ),
  );
}
