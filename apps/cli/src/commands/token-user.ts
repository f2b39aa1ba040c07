import { joinUrl } from '../authentication.js';
import { list, text, flag, type CommandCall, type CommandRow } from '../command.js';
import { givenSecret, secretOnCommandLine } from '../secret-flags.js';
import { CommandError, errorText, printable, UsageError } from '../terminal.js';
import { createAuthorizationRequest } from '../token-user/authorization-request.js';
import { listenForCallback, type CallbackHandler, type ListenAddress } from '../token-user/callback-listener.js';
import { exchangeCode, tokensText, type TokenEndpoint } from '../token-user/issued-tokens.js';
import { openBrowser } from '../token-user/open-browser.js';
import { errorPage, tokensPage } from '../token-user/pages.js';
import { isExpectedIssuer } from '../token-user/response-issuer.js';

const defaultPort = 4445;

export const tokenUserRow: CommandRow = {
  path: 'token user',
  summary: 'Get tokens for a user by the authorization code grant, with a browser',
  details:
    'As in Hydra 0.9, tokens are shown in the browser too. perform authorization-code prints them here alone, in any format.',
  examples: ['token user --id some-consumer --scopes openid,offline'],
  flags: [
    text('--id <id>', 'client id (default: the stored one)'),
    text('--secret <secret>', 'client secret (default: the stored one; prefer --secret-stdin)'),
    flag('--secret-stdin', 'read the client secret from standard input'),
    list('--scopes <scopes>', 'scopes to ask for', ['hydra', 'offline', 'openid']),
    text('--redirect <url>', 'redirect URI, as registered for the client', `http://localhost:${defaultPort}/callback`),
    text('--auth-url <url>', 'URL of the authorization endpoint (default: below the cluster URL)'),
    text('--token-url <url>', 'URL of the token endpoint (default: below the cluster URL)'),
    text('--listen-host <address>', 'address the callback listener binds to (default: all interfaces)'),
    text('--listen-port <port>', 'port the callback listener binds to', String(defaultPort)),
    flag('--no-open', 'do not open a browser'),
  ],
  run: tokenUser,
};

async function tokenUser(call: CommandCall): Promise<void> {
  if (call.printDryRun !== undefined) throw new UsageError('token user has no dry run');
  const http = await call.http();
  const config = await call.config();
  const endpoints = {
    authorization: endpointUrl(call.text('auth-url'), config.clusterUrl, 'auth'),
    token: endpointUrl(call.text('token-url'), config.clusterUrl, 'token'),
  };
  const clientId = call.text('id') || config.clientId;
  const redirect = redirectUrl(call.text('redirect'));
  if (call.isGiven('secret')) call.note(secretOnCommandLine);
  const tokenEndpoint: TokenEndpoint = {
    http,
    url: endpoints.token,
    clientId,
    // The stored secret belongs to the stored client; another client without a secret is a public one.
    clientSecret: (await givenSecret(call)) ?? (clientId === config.clientId ? config.clientSecret : ''),
  };
  const request = createAuthorizationRequest({
    authorizationEndpoint: endpoints.authorization,
    clientId,
    redirectUri: call.text('redirect'),
    scopes: call.list('scopes').filter((scope) => scope !== ''),
  });

  const outcome: { failure?: CommandError } = {};
  let isExchanging = false;

  const handle: CallbackHandler = async (parameters) => {
    const error = parameters.get('error');
    if (error !== null) {
      const description = printable(parameters.get('error_description') ?? error);
      const hint = printable(parameters.get('error_hint') ?? '');
      const message = `Got error: ${description}` + (hint !== '' ? `\nHint: ${hint}` : '');
      call.print(message);
      return { status: 500, html: errorPage(message) };
    }
    const state = parameters.get('state') ?? '';
    if (state !== request.state) {
      call.print(`States do not match. Expected ${request.state}, got ${printable(state)}`);
      // The expected state is no business of whoever sent the wrong one.
      return { status: 500, html: errorPage('States do not match.') };
    }
    const issuer = parameters.get('iss');
    if (issuer !== null && !(await isExpectedIssuer(http, issuer, endpoints))) {
      const message = `The response comes from another issuer: ${printable(issuer)}`;
      call.print(message);
      return { status: 500, html: errorPage(message) };
    }
    if (isExchanging) return { status: 400, html: errorPage('This response was used already.') };
    isExchanging = true;
    try {
      const tokens = await exchangeCode(tokenEndpoint, request, parameters.get('code') ?? '');
      call.terminal.stdout.write(tokensText(tokens));
      return { status: 200, html: tokensPage(tokens), isLast: true };
    } catch (error) {
      outcome.failure = new CommandError(`Could not exchange code for token: ${errorText(error)}`);
      return { status: 500, html: errorPage(outcome.failure.message), isLast: true };
    }
  };

  const port = listenPort(call.text('listen-port'));
  const listener = await listenForCallback(
    listenAddresses(port, call.text('listen-host'), redirect),
    [...new Set(['/callback', redirect.pathname])],
    handle,
  );
  if (call.terminal.env['BROWSER'] !== 'none' && !isNoOpen(call)) openBrowser(request.url);
  call.print(`Setting up callback listener on http://localhost:${listener.port}/callback`);
  call.print('Press ctrl + c on Linux / Windows or cmd + c on OSX to end the process.');
  call.print(`If your browser does not open automatically, navigate to:\n\n\t${request.url}\n`);
  await listener.done;
  if (outcome.failure !== undefined) throw outcome.failure;
}

/** The listener's own port, and the redirect URI's where that is another one of this machine. */
function listenAddresses(port: number, host: string, redirect: URL): ListenAddress[] {
  const own: ListenAddress = { port, ...(host !== '' ? { host } : {}) };
  const redirectPort = Number(redirect.port || '80');
  const isLoopback = ['localhost', '127.0.0.1', '[::1]'].includes(redirect.hostname);
  if (redirect.protocol !== 'http:' || !isLoopback || redirectPort === port) return [own];
  return [own, { port: redirectPort, host: '127.0.0.1' }, { port: redirectPort, host: '::1', optional: true }];
}

function endpointUrl(given: string, clusterUrl: string, name: string): string {
  if (given !== '') return given;
  if (clusterUrl === '') throw new UsageError(`no cluster URL is configured: run connect, or give --${name}-url`);
  return joinUrl(clusterUrl, ['oauth2', name]);
}

function redirectUrl(given: string): URL {
  if (!URL.canParse(given)) throw new UsageError(`--redirect is not a URL: ${given}`);
  return new URL(given);
}

function listenPort(given: string): number {
  const port = Number(given);
  if (!/^\d+$/.test(given) || port > 65535) throw new UsageError(`--listen-port is not a port: ${given}`);
  return port;
}

// commander reads --no-open as the switch `open`, which is on by default.
function isNoOpen(call: CommandCall): boolean {
  return !call.has('open');
}
