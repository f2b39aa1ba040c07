import { authenticationFailure, fetchAccessToken, joinUrl } from '../authentication.js';
import { basicCredentials } from '../basic-credentials.js';
import { apiFlags, list, text, type CommandCall, type CommandRow } from '../command.js';
import { curlCommand, secretPlaceholder } from '../dry-run.js';
import type { HttpAnswer } from '../http-client.js';
import { otherFormatFlag, printOr } from '../format.js';
import { indentedJson, members } from '../json.js';
import { tokenOperand } from '../secret-flags.js';
import { CommandError, errorText, printable } from '../terminal.js';
import { tokenExplainRow } from './token-explain.js';

export const tokenRows: readonly CommandRow[] = [
  { path: 'token', summary: 'Issue, validate and revoke tokens', flags: apiFlags },
  {
    path: 'token client',
    summary: 'Get an access token for the stored client by the client credentials grant',
    examples: ['token client'],
    flags: [otherFormatFlag],
    run: tokenClient,
  },
  {
    path: 'token validate',
    summary: 'Introspect an access token',
    details: 'The token - is read from standard input.',
    operands: '<token>',
    examples: ['token validate - < token.txt'],
    flags: [list('--scopes <scopes>', 'scopes the token must have', ['']), otherFormatFlag],
    run: validateToken,
  },
  tokenExplainRow,
  {
    path: 'token revoke-grants',
    summary: 'End grants, and every token of them, by client, by subject or by both',
    examples: ['token revoke-grants --client shop --subject alice'],
    flags: [
      text('--client <id>', 'of this client; alone it ends what the client got for itself too'),
      text('--subject <subject>', 'of this subject'),
      otherFormatFlag,
    ],
    run: revokeGrants,
  },
  {
    path: 'token revoke',
    summary: 'Revoke an access or refresh token',
    examples: ['token revoke - < token.txt'],
    details: 'The token - is read from standard input.',
    operands: '<token>',
    flags: [otherFormatFlag],
    run: revokeToken,
  },
];

async function tokenClient(call: CommandCall): Promise<void> {
  const config = await call.config();
  if (call.printDryRun !== undefined) {
    showForm(call, config.clusterUrl, 'token', { grant_type: 'client_credentials', scope: 'hydra' });
    return;
  }
  const token = await fetchAccessToken(await call.http(), config).catch((error: unknown) => {
    throw new CommandError(`Could not authenticate, because: ${errorText(error)}`);
  });
  await printOr(call, () => call.print(token), { access_token: token });
}

async function validateToken(call: CommandCall): Promise<void> {
  const [config, http] = [await call.config(), await call.http()];
  const token = await tokenOperand(call, 0);
  const scope = call.list('scopes').join(' ');
  if (call.printDryRun !== undefined) {
    showForm(call, config.clusterUrl, 'introspect', { token: secretPlaceholder, scope });
    return;
  }
  const failure = 'Could not validate token';
  const bearer = await fetchAccessToken(http, config).catch((error: unknown) => {
    throw authenticationFailure(error, call.terminal.programName);
  });
  const answer = await postForm(call, failure, 'introspect', { token, scope }, `Bearer ${bearer}`);
  if (answer.status !== 200) {
    const body = printable(answer.body).trimEnd();
    throw new CommandError(`${failure}: Expected status code 200, got ${answer.status}.\n${body}`);
  }
  const introspection = readJson(failure, answer.body);
  if (members(introspection)['active'] !== true) {
    throw new CommandError(`${failure}: : Token is inactive because it is malformed, expired or otherwise invalid`);
  }
  await printOr(call, () => call.print(indentedJson(introspection)), introspection);
}

async function revokeToken(call: CommandCall): Promise<void> {
  const config = await call.config();
  const token = await tokenOperand(call, 0);
  if (call.printDryRun !== undefined) {
    showForm(call, config.clusterUrl, 'revoke', { token: secretPlaceholder });
    return;
  }
  const failure = 'Could not revoke token';
  const credentials = basicCredentials(config.clientId, config.clientSecret);
  const answer = await postForm(call, failure, 'revoke', { token }, credentials);
  if (answer.status < 200 || answer.status > 299) {
    const body = printable(answer.body).trimEnd();
    throw new CommandError(`${failure}: Expected status code 200, got ${answer.status}.\n${body}`);
  }
  // The original showed the token; a value that may be kept does not.
  await printOr(call, () => call.print(`Revoked token ${token}`), { revoked: true });
}

async function revokeGrants(call: CommandCall): Promise<void> {
  const [client, subject] = [call.text('client'), call.text('subject')];
  if (client === '' && subject === '') throw new CommandError('Either --client or --subject is needed');
  const api = await call.api();
  await api.delete({
    failure: 'Could not revoke grants',
    path: ['grants'],
    query: { ...(client !== '' ? { client_id: client } : {}), ...(subject !== '' ? { subject } : {}) },
  });
  await printOr(call, () => call.print('Grants revoked.'), { revoked: true });
}

async function postForm(
  call: CommandCall,
  failure: string,
  endpoint: string,
  form: Record<string, string>,
  authorization: string,
): Promise<HttpAnswer> {
  const [config, http] = [await call.config(), await call.http()];
  try {
    if (config.clusterUrl === '') throw new Error('no cluster URL is configured');
    return await http({
      method: 'POST',
      url: joinUrl(config.clusterUrl, ['oauth2', endpoint]),
      headers: {
        Accept: 'application/json',
        Authorization: authorization,
        'Content-Type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams(form).toString(),
    });
  } catch (error) {
    throw new CommandError(`${failure}: ${errorText(error)}`);
  }
}

function showForm(call: CommandCall, clusterUrl: string, endpoint: string, form: Record<string, string>): void {
  call.printDryRun?.(
    curlCommand({
      method: 'POST',
      url: joinUrl(clusterUrl, ['oauth2', endpoint]),
      headers: {
        'Content-Type': 'application/x-www-form-urlencoded',
        ...(call.has('fake-tls-termination') ? { 'X-Forwarded-Proto': 'https' } : {}),
      },
      body: Object.entries(form)
        .map(([name, value]) => `${name}=${value === secretPlaceholder ? value : encodeURIComponent(value)}`)
        .join('&'),
    }),
  );
}

function readJson(failure: string, body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch (error) {
    throw new CommandError(`${failure}: the answer is not JSON: ${errorText(error)}`);
  }
}
