import { apiFlags, flag, text, type CommandCall, type CommandRow } from '../command.js';
import { formatFlag, formatOf, otherFormatFlag, printFormatted, printOr } from '../format.js';
import { members } from '../json.js';
import { readSessions, sessionsPath } from '../session-pages.js';
import { UsageError } from '../terminal.js';

const columns = ['id', 'client_id', 'scope', 'audience', 'remember', 'handled_at'];

export const consentsRows: readonly CommandRow[] = [
  { path: 'consents', summary: 'Manage what users have allowed to clients', flags: apiFlags },
  {
    path: 'consents list',
    summary: 'Show the consents of a user that are in force',
    operands: '<subject>',
    examples: ['consents list alice', 'consents list alice --login-session 5d5a1c --format json'],
    flags: [text('--login-session <sid>', 'only those of this login session'), formatFlag],
    run: listConsents,
  },
  {
    path: 'consents revoke',
    summary: 'End consents, and every token that was issued for them',
    examples: ['consents revoke --subject alice --client shop', 'consents revoke --subject alice --all'],
    flags: [
      text('--subject <subject>', 'of this user; with --client or --all'),
      text('--client <id>', 'for this client'),
      flag('--all', 'for all clients'),
      text('--id <id>', 'this consent alone'),
      otherFormatFlag,
    ],
    run: revokeConsents,
  },
];

async function listConsents(call: CommandCall): Promise<void> {
  const session = call.text('login-session');
  const query = { subject: call.operand(0), ...(session !== '' ? { login_session_id: session } : {}) };
  const consents = await readSessions(call, 'consent', query);
  await printFormatted(call, formatOf(call) === 'table' ? consents.map(tableRow) : consents, columns);
}

function tableRow(consent: unknown): Readonly<Record<string, unknown>> {
  const { consent_request_id, consent_request, grant_scope, grant_access_token_audience, ...rest } = members(consent);
  const { client_id } = members(members(consent_request)['client']);
  return { ...rest, id: consent_request_id, client_id, scope: grant_scope, audience: grant_access_token_audience };
}

async function revokeConsents(call: CommandCall): Promise<void> {
  const query = revokedConsents(call);
  const api = await call.api();
  await api.delete({ failure: 'Could not revoke consents', path: sessionsPath('consent'), query });
  await printOr(call, () => call.print('Consents revoked.'), { revoked: true });
}

/** What is to be revoked; more than was meant, never: what contradicts itself is refused. */
function revokedConsents(call: CommandCall): Readonly<Record<string, string>> {
  const [subject, client, id, all] = [call.text('subject'), call.text('client'), call.text('id'), call.has('all')];
  if ((subject === '') === (id === '')) throw new UsageError('either --subject or --id is needed');
  if (id !== '') {
    if (client !== '' || all) throw new UsageError('--id names one consent: it goes without --client and --all');
    return { consent_request_id: id };
  }
  if ((client === '') === !all) throw new UsageError('--subject goes with either --client or --all');
  return { subject, ...(all ? { all: 'true' } : { client }) };
}
