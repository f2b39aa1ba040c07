import { joinUrl } from '../authentication.js';
import { basicCredentials } from '../basic-credentials.js';
import { flag, list, text, type CommandCall, type CommandRow } from '../command.js';
import { formatFlag, printObject } from '../format.js';
import { members } from '../json.js';
import { serverUrl } from '../perform/authorization-server.js';
import { givenSecret, secretFlags, secretOnCommandLine } from '../secret-flags.js';
import { CommandError, errorText, printable } from '../terminal.js';

const failure = 'Could not perform the client credentials grant';
const columns = ['access_token', 'token_type', 'expires_in', 'scope'];

const endpointFlag = text('--endpoint <url>', 'URL of the server (default: the cluster URL)');
const clientFlag = text('--client-id <id>', 'client id (default: the stored one)');
const httpDetails =
  'A server that is reached by plain http is refused, unless it is this machine or --skip-tls-verify is given.';

export const performRows: readonly CommandRow[] = [
  { path: 'perform', summary: 'Perform OAuth 2.0 grants' },
  {
    path: 'perform authorization-code',
    summary: 'Get tokens for a user by the authorization code grant with PKCE, with a browser',
    details:
      'Listens on this machine only, for a response with the right state and issuer (RFC 9207). The redirect URI must be one of\n' +
      'the client; a native app (--application-type native) that registered http://127.0.0.1/callback may use any port. Tokens\n' +
      `are printed here and not shown in the browser. ${httpDetails}`,
    examples: [
      'perform authorization-code --client-id shop --secret-file shop.secret --port 4446 --scope openid,offline',
      'perform authorization-code --redirect-url http://localhost:5555/callback --no-open --format json',
    ],
    flags: [
      clientFlag,
      ...secretFlags('the client'),
      list('--scope <scopes>', 'scopes to ask for', ['openid', 'offline']),
      list('--audience <uris>', 'resources the tokens are for (RFC 8707)'),
      text('--port <port>', 'port of http://127.0.0.1:<port>/callback, the redirect URI; 0 takes a free one', '0'),
      text('--redirect-url <url>', 'another redirect URI on this machine, as registered for the client'),
      text('--prompt <prompts>', 'none, login, consent or select_account'),
      text('--max-age <seconds>', 'how long ago the user may have logged in'),
      endpointFlag,
      flag('--no-open', 'do not open a browser'),
      formatFlag,
    ],
    run: async (call) => (await import('../perform/authorization-code.js')).performAuthorizationCode(call),
  },
  {
    path: 'perform client-credentials',
    summary: 'Get an access token by the client credentials grant',
    details: httpDetails,
    examples: ['perform client-credentials --scope photos --audience https://api.example/ --format json'],
    flags: [
      clientFlag,
      ...secretFlags('the client'),
      list('--scope <scopes>', 'scopes to ask for'),
      list('--audience <uris>', 'resources the token is for (RFC 8707)'),
      endpointFlag,
      formatFlag,
    ],
    run: performClientCredentials,
  },
];

async function performClientCredentials(call: CommandCall): Promise<void> {
  const config = await call.config();
  const server = serverUrl(call, config.clusterUrl);
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
