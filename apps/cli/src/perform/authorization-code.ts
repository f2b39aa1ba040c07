import type { CommandCall } from '../command.js';
import { printObject } from '../format.js';
import { members } from '../json.js';
import { givenSecret, secretOnCommandLine } from '../secret-flags.js';
import { CommandError, errorText, printable, UsageError } from '../terminal.js';
import { createAuthorizationRequest, type AuthorizationRequest } from '../token-user/authorization-request.js';
import { listenForCallback, type CallbackPage, type ListenAddress } from '../token-user/callback-listener.js';
import { requestTokens } from '../token-user/issued-tokens.js';
import { openBrowser } from '../token-user/open-browser.js';
import { donePage, errorPage } from '../token-user/pages.js';
import { readAuthorizationServer, serverUrl, type AuthorizationServer } from './authorization-server.js';

/** What an authorization response is judged by. */
type Expected = { readonly request: AuthorizationRequest; readonly server: AuthorizationServer };

/** The command `perform authorization-code`: RFC 6749 section 4.1 with PKCE, as a native app does it (RFC 8252). */
export async function performAuthorizationCode(call: CommandCall): Promise<void> {
  const config = await call.config();
  const reached = serverUrl(call, config.clusterUrl);
  const redirect = redirectOf(call);
  if (call.isGiven('secret')) call.note(secretOnCommandLine);
  const clientId = call.text('client-id') || config.clientId;
  if (clientId === '') throw new UsageError('no client is configured: run connect, or give --client-id');
  // The stored secret belongs to the stored client, and goes to the stored server only.
  const stored = clientId === config.clientId && reached === config.clusterUrl ? config.clientSecret : '';
  const clientSecret = (await givenSecret(call)) ?? stored;
  const server = await readAuthorizationServer(call, reached);
  const http = await call.http();

  const outcome: { tokens?: Record<string, unknown>; failure?: CommandError } = {};
  let expected: Expected | undefined;

  async function take(parameters: URLSearchParams): Promise<CallbackPage & { readonly isLast?: boolean }> {
    // Whoever does not know the state is not the authorization server: any page and program may call here.
    if (expected === undefined || parameters.get('state') !== expected.request.state) {
      call.note('A response with another state was ignored.');
      return { status: 400, html: errorPage('This response belongs to another request.') };
    }
    const { request } = expected;
    // A code is redeemed once.
    expected = undefined;
    try {
      const code = codeOf(parameters, server);
      const tokens = await requestTokens({ http, url: server.tokenEndpoint, clientId, clientSecret }, request, code);
      checkIdToken(tokens['id_token'], { issuer: server.issuer, clientId, nonce: request.nonce });
      outcome.tokens = tokens;
      return { status: 200, html: donePage(), isLast: true };
    } catch (error) {
      outcome.failure = new CommandError(`No token was issued: ${errorText(error)}`);
      return { status: 400, html: errorPage(outcome.failure.message), isLast: true };
    }
  }

  const listener = await listenForCallback(redirect.addresses, [redirect.path], take);
  const request = createAuthorizationRequest({
    authorizationEndpoint: server.authorizationEndpoint,
    clientId,
    redirectUri: redirect.uri(listener.port),
    scopes: call.list('scope').filter((scope) => scope !== ''),
    resources: call.list('audience'),
    prompt: call.text('prompt'),
    maxAge: call.text('max-age'),
  });
  expected = { request, server };
  call.note(`Waiting for the authorization response at ${request.redirectUri} - press ctrl + c to give up.`);
  call.note(`If your browser does not open automatically, navigate to: ${request.url}`);
  if (call.terminal.env['BROWSER'] !== 'none' && call.has('open')) openBrowser(request.url);
  await listener.done;
  if (outcome.failure !== undefined) throw outcome.failure;
  await printObject(call, outcome.tokens);
}

type RedirectTarget = {
  readonly addresses: readonly ListenAddress[];
  readonly path: string;
  readonly uri: (port: number) => string;
};

/** Where the response is received: on this machine only. */
function redirectOf(call: CommandCall): RedirectTarget {
  const port = portOf(call.text('port'));
  const given = call.text('redirect-url');
  if (given === '') {
    return {
      addresses: [{ port, host: '127.0.0.1' }],
      path: '/callback',
      uri: (bound) => `http://127.0.0.1:${bound}/callback`,
    };
  }
  if (call.isGiven('port'))
    throw new UsageError('--port and --redirect-url both say where to listen; give one of them');
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url?.protocol !== 'http:' || !['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)) {
    throw new UsageError('--redirect-url must be http on localhost, 127.0.0.1 or [::1], where this command listens');
  }
  const own = Number(url.port || '80');
  const addresses: ListenAddress[] = [];
  if (url.hostname !== '[::1]') addresses.push({ port: own, host: '127.0.0.1' });
  if (url.hostname !== '127.0.0.1') {
    addresses.push({ port: own, host: '::1', ...(url.hostname === 'localhost' ? { optional: true as const } : {}) });
  }
  return { addresses, path: url.pathname, uri: () => given };
}

function portOf(given: string): number {
  const port = Number(given);
  if (!/^\d{1,5}$/.test(given) || port > 65535) throw new UsageError(`--port is not a port: ${printable(given)}`);
  return port;
}

/** The code of a response with the right state. Throws an Error when it comes from another issuer (RFC 9207) or refuses. */
function codeOf(parameters: URLSearchParams, server: AuthorizationServer): string {
  for (const name of ['state', 'iss', 'code', 'error']) {
    if (parameters.getAll(name).length > 1) throw new Error(`the response has the parameter ${name} more than once`);
  }
  const issuer = parameters.get('iss');
  if (issuer === null && server.namesItself) throw new Error('the response does not name its issuer');
  if (issuer !== null && issuer !== server.issuer) {
    throw new Error(`the response comes from another issuer: ${printable(issuer)}`);
  }
  const error = parameters.get('error');
  if (error !== null) throw new Error(refusalOf(error, parameters));
  const code = parameters.get('code') ?? '';
  if (code === '') throw new Error('the response holds neither a code nor an error');
  return code;
}

function refusalOf(error: string, parameters: URLSearchParams): string {
  const [description, hint] = [parameters.get('error_description'), parameters.get('error_hint')];
  return printable([error, description, hint].filter((part) => part !== null && part !== '').join(': '));
}

type IdTokenExpectation = { readonly issuer: string; readonly clientId: string; readonly nonce: string };

/**
 * Checks issuer, audience and nonce of an ID token. It came straight from the token endpoint, so that TLS stands for its signature
 * (OpenID Connect Core section 3.1.3.7).
 */
function checkIdToken(token: unknown, { issuer, clientId, nonce }: IdTokenExpectation): void {
  if (token === undefined || token === '') return;
  const payload = typeof token === 'string' ? (token.split('.')[1] ?? '') : '';
  const claims = readClaims(payload);
  if (claims['iss'] !== issuer) throw new Error('the ID token is of another issuer');
  if (![claims['aud']].flat().includes(clientId)) throw new Error('the ID token is for another client');
  if (claims['nonce'] !== nonce) throw new Error('the ID token belongs to another request');
}

function readClaims(payload: string): Record<string, unknown> {
  try {
    return members(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')));
  } catch {
    throw new Error('the ID token is no JWT');
  }
}
