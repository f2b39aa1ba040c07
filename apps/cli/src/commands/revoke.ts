import { basicCredentials } from '../basic-credentials.js';
import { joinUrl } from '../authentication.js';
import { text, type CommandCall, type CommandRow } from '../command.js';
import { otherFormatFlag, printOr } from '../format.js';
import { serverUrl } from '../perform/authorization-server.js';
import { givenSecret, secretFlags, secretOnCommandLine, tokenOperand } from '../secret-flags.js';
import { CommandError, errorText, printable, UsageError } from '../terminal.js';

const failure = 'Could not revoke the token';

export const revokeRows: readonly CommandRow[] = [
  { path: 'revoke', summary: 'End tokens' },
  {
    path: 'revoke token',
    summary: 'Revoke an access or refresh token as the client that holds it (RFC 7009)',
    details:
      'The token - is read from standard input, where other users of this machine do not see it. A token that is not worth\n' +
      'anything any more is no error. A client without a secret is a public one.',
    examples: ['revoke token - < token.txt', 'revoke token - --client-id shop --secret-file shop.secret < token.txt'],
    operands: '<token>',
    flags: [
      text('--client-id <id>', 'client that holds the token (default: the stored one)'),
      ...secretFlags('that client'),
      text('--endpoint <url>', 'URL of the server (default: the cluster URL)'),
      otherFormatFlag,
    ],
    run: revokeToken,
  },
];

async function revokeToken(call: CommandCall): Promise<void> {
  const config = await call.config();
  const server = serverUrl(call, config.clusterUrl);
  if (call.operand(0) === '-' && call.has('secret-stdin')) {
    throw new UsageError('the token and the secret cannot both be read from standard input');
  }
  if (call.isGiven('secret')) call.note(secretOnCommandLine);
  const id = call.text('client-id') || config.clientId;
  const stored = id === config.clientId && server === config.clusterUrl ? config.clientSecret : '';
  const secret = (await givenSecret(call)) ?? stored;
  const token = await tokenOperand(call, 0);
  const http = await call.http();
  const answer = await http({
    method: 'POST',
    url: joinUrl(server, ['oauth2', 'revoke']),
    headers: {
      Accept: 'application/json',
      'Content-Type': 'application/x-www-form-urlencoded',
      ...(secret !== '' ? { Authorization: basicCredentials(id, secret) } : {}),
    },
    body: new URLSearchParams({ token, ...(secret === '' ? { client_id: id } : {}) }).toString(),
  }).catch((error: unknown) => {
    throw new CommandError(`${failure}: ${errorText(error)}`);
  });
  if (answer.status < 200 || answer.status > 299) {
    const body = printable(answer.body).trimEnd();
    throw new CommandError(`${failure}: Expected 2xx status code but got ${answer.status}.\n${body}`, { answer });
  }
  await printOr(call, () => call.print('Token revoked.'), { revoked: true });
}
