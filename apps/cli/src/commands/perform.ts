import { joinUrl } from '../authentication.js';
import { basicCredentials } from '../basic-credentials.js';
import { flag, list, text, type CommandCall, type CommandRow } from '../command.js';
import { formatFlag, printObject } from '../format.js';
import { members } from '../json.js';
import { givenSecret, secretOnCommandLine } from '../secret-flags.js';
import { CommandError, errorText, printable, UsageError } from '../terminal.js';

const failure = 'Could not perform the client credentials grant';
const columns = ['access_token', 'token_type', 'expires_in', 'scope'];

export const performRows: readonly CommandRow[] = [
  { path: 'perform', summary: 'Perform OAuth 2.0 grants' },
  {
    path: 'perform client-credentials',
    summary: 'Get an access token by the client credentials grant',
    flags: [
      text('--client-id <id>', 'client id (default: the stored one)'),
      text('--secret <secret>', 'client secret (default: the stored one; prefer --secret-stdin)'),
      flag('--secret-stdin', 'read the client secret from standard input'),
      list('--scope <scopes>', 'scopes to ask for'),
      list('--audience <uris>', 'resources the token is for (RFC 8707)'),
      text('--endpoint <url>', 'URL of the server (default: the cluster URL)'),
      formatFlag,
    ],
    run: performClientCredentials,
  },
];

async function performClientCredentials(call: CommandCall): Promise<void> {
  const config = await call.config();
  const server = call.text('endpoint') || config.clusterUrl;
  if (server === '') throw new UsageError('no cluster URL is configured: run connect, or give --endpoint');
  if (call.isGiven('secret')) call.note(secretOnCommandLine);
  const id = call.text('client-id') || config.clientId;
  // The stored secret belongs to the stored client, and goes to the stored server only.
  const stored = id === config.clientId && server === config.clusterUrl ? config.clientSecret : '';
  const secret = (await givenSecret(call)) ?? stored;
  const form = new URLSearchParams({ grant_type: 'client_credentials' });
  if (call.list('scope').length > 0) form.set('scope', call.list('scope').join(' '));
  for (const audience of call.list('audience')) form.append('resource', audience);
  await printObject(call, await requestToken(call, server, form, basicCredentials(id, secret)), columns);
}

async function requestToken(
  call: CommandCall,
  server: string,
  form: URLSearchParams,
  authorization: string,
): Promise<Record<string, unknown>> {
  const http = await call.http();
  try {
    const answer = await http({
      method: 'POST',
      url: joinUrl(server, ['oauth2', 'token']),
      headers: {
        Accept: 'application/json',
        Authorization: authorization,
        'Content-Type': 'application/x-www-form-urlencoded',
      },
      body: form.toString(),
    });
    const body = printable(answer.body).trimEnd();
    if (answer.status !== 200) throw new Error(`Expected status code 200, got ${answer.status}.\n${body}`);
    return members(JSON.parse(body));
  } catch (error) {
    throw new CommandError(`${failure}: ${errorText(error)}`);
  }
}
