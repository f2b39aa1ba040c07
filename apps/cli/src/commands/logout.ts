import { apiFlags, text, type CommandCall, type CommandRow } from '../command.js';
import { formatFlag, otherFormatFlag, printEach, printFormatted } from '../format.js';
import { members } from '../json.js';
import { UsageError } from '../terminal.js';

const pageSize = 200;
const columns = ['id', 'state', 'client_id', 'subject', 'attempts', 'created_at', 'due_at', 'gives_up_at', 'problem'];

export const logoutRows: readonly CommandRow[] = [
  { path: 'logout', summary: 'Look after logouts', flags: apiFlags },
  {
    path: 'logout deliveries',
    summary: 'Manage logout tokens that clients have yet to take',
    details:
      'A client with a back-channel logout URI is told when a session ends. What it does not take is tried again, later each\n' +
      'time, and becomes a dead letter when its time is over (LOGOUT_DELIVERY_DEADLINE).',
    flags: apiFlags,
  },
  {
    path: 'logout deliveries list',
    summary: 'Show what was not delivered yet, the oldest first',
    examples: ['logout deliveries list --state dead --format json'],
    flags: [text('--state <state>', 'only those in this state: pending or dead'), formatFlag],
    run: listDeliveries,
  },
  {
    path: 'logout deliveries retry',
    summary: 'Try deliveries now; a dead letter lives again',
    examples: ['logout deliveries retry 7'],
    operands: '<id...>',
    flags: [otherFormatFlag],
    run: retryDeliveries,
  },
  {
    path: 'logout deliveries discard',
    summary: 'Remove deliveries: those clients are not told',
    examples: ['logout deliveries discard 7'],
    operands: '<id...>',
    flags: [otherFormatFlag],
    run: discardDeliveries,
  },
];

async function listDeliveries(call: CommandCall): Promise<void> {
  const state = call.text('state');
  if (state !== '' && state !== 'pending' && state !== 'dead') {
    throw new UsageError('the flag --state must be pending or dead');
  }
  const api = await call.api();
  const found: unknown[] = [];
  for (let after = ''; ;) {
    const query = { limit: String(pageSize), ...(after !== '' ? { after } : {}), ...(state !== '' ? { state } : {}) };
    const page = await api.get({ failure: 'Could not list deliveries', path: ['logout', 'deliveries'], query });
    if (!Array.isArray(page)) break;
    found.push(...page);
    after = String(members(page.at(-1))['id'] ?? '');
    if (page.length < pageSize || after === '') break;
  }
  await printFormatted(call, found, columns);
}

async function retryDeliveries(call: CommandCall): Promise<void> {
  const api = await call.api();
  const retry = async (id: string) => {
    const path = ['logout', 'deliveries', id, 'retry'];
    await api.post({ failure: `Could not retry delivery ${id}`, path, json: {} });
    return { own: `Delivery ${id} is tried again.`, value: { retried: id } };
  };
  await printEach(call, call.operands, retry, ['retried']);
}

async function discardDeliveries(call: CommandCall): Promise<void> {
  const api = await call.api();
  const discard = async (id: string) => {
    await api.delete({ failure: `Could not discard delivery ${id}`, path: ['logout', 'deliveries', id] });
    return { own: `Delivery ${id} discarded.`, value: { discarded: id } };
  };
  await printEach(call, call.operands, discard, ['discarded']);
}
