import { apiFlags, flag, text, type CommandCall, type CommandRow } from '../command.js';
import { formatFlag, otherFormatFlag, printFormatted, printOr } from '../format.js';
import { readSessions, sessionsPath } from '../session-pages.js';
import { UsageError } from '../terminal.js';

const columns = ['id', 'authenticated_at', 'acr', 'amr', 'remember', 'expires_at', 'client_ids'];

export const loginSessionsRows: readonly CommandRow[] = [
  { path: 'login-sessions', summary: 'Manage the sessions in which users are logged in', flags: apiFlags },
  {
    path: 'login-sessions list',
    summary: 'Show the login sessions of a user',
    details: 'The id of a session is the claim sid of the ID tokens that came of it.',
    operands: '<subject>',
    examples: ['login-sessions list alice', 'login-sessions list alice --format json'],
    flags: [formatFlag],
    run: listLoginSessions,
  },
  {
    path: 'login-sessions revoke',
    summary: 'End the login sessions of a user, or one of them',
    details:
      'The user has to log in again, and requests that are under way buy nothing. Tokens go on, as in Hydra, unless\n' +
      '--revoke-tokens ends those too that came of these sessions.',
    examples: ['login-sessions revoke --subject alice --revoke-tokens', 'login-sessions revoke --id 5d5a1c'],
    flags: [
      text('--subject <subject>', 'all sessions of this user'),
      text('--id <sid>', 'this session alone'),
      flag('--revoke-tokens', 'end the tokens that came of them too'),
      otherFormatFlag,
    ],
    run: revokeLoginSessions,
  },
];

async function listLoginSessions(call: CommandCall): Promise<void> {
  await printFormatted(call, await readSessions(call, 'login', { subject: call.operand(0) }), columns);
}

async function revokeLoginSessions(call: CommandCall): Promise<void> {
  const [subject, sid] = [call.text('subject'), call.text('id')];
  if ((subject === '') === (sid === '')) throw new UsageError('either --subject or --id is needed');
  const api = await call.api();
  await api.delete({
    failure: 'Could not revoke login sessions',
    path: sessionsPath('login'),
    query: {
      ...(subject !== '' ? { subject } : { sid }),
      ...(call.has('revoke-tokens') ? { revoke_tokens: 'true' } : {}),
    },
  });
  await printOr(call, () => call.print('Login sessions revoked.'), { revoked: true });
}
