import { fetchAccessToken, authenticationFailure, joinUrl } from '../authentication.js';
import { apiFlags, list, type CommandCall, type CommandRow } from '../command.js';
import { curlCommand, secretPlaceholder } from '../dry-run.js';
import { formatFlag, printObject } from '../format.js';
import { members } from '../json.js';
import { tokenOperand } from '../secret-flags.js';
import { CommandError, errorText, printable } from '../terminal.js';

const failure = 'Could not introspect the token';

export const introspectRows: readonly CommandRow[] = [
  { path: 'introspect', summary: 'Ask what tokens are worth', flags: apiFlags },
  {
    path: 'introspect token',
    summary: 'Introspect an access or refresh token (RFC 7662)',
    details:
      'The token - is read from standard input, where other users of this machine do not see it. An inactive token is an answer,\n' +
      'too: exit code 0, active is false. `token validate` fails for it instead.',
    examples: ['introspect token - < token.txt', 'introspect token - --scope photos --format json < token.txt'],
    operands: '<token>',
    flags: [list('--scope <scopes>', 'scopes that the token must have to count as active'), formatFlag],
    run: introspectToken,
  },
];

async function introspectToken(call: CommandCall): Promise<void> {
  const [config, http] = [await call.config(), await call.http()];
  const token = await tokenOperand(call, 0);
  const scope = call.list('scope').join(' ');
  const request = {
    method: 'POST',
    url: joinUrl(config.adminUrl, ['admin', 'oauth2', 'introspect']),
    headers: { Accept: 'application/json', 'Content-Type': 'application/x-www-form-urlencoded' },
  };
  if (call.printDryRun !== undefined) {
    const body = `token=${secretPlaceholder}${scope === '' ? '' : `&scope=${encodeURIComponent(scope)}`}`;
    return call.printDryRun(curlCommand({ ...request, body }));
  }
  const bearer = await fetchAccessToken(http, config).catch((error: unknown) => {
    throw authenticationFailure(error, call.terminal.programName);
  });
  const answer = await http({
    ...request,
    headers: { ...request.headers, Authorization: `Bearer ${bearer}` },
    body: new URLSearchParams({ token, ...(scope === '' ? {} : { scope }) }).toString(),
  }).catch((error: unknown) => {
    throw new CommandError(`${failure}: ${errorText(error)}`);
  });
  if (answer.status !== 200) {
    const body = printable(answer.body).trimEnd();
    throw new CommandError(`${failure}: Expected status code 200, got ${answer.status}.\n${body}`, { answer });
  }
  await printObject(call, readObject(answer.body));
}

function readObject(body: string): Record<string, unknown> {
  try {
    return members(JSON.parse(body));
  } catch (error) {
    throw new CommandError(`${failure}: the answer is not JSON: ${errorText(error)}`);
  }
}
