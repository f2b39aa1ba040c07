import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connected, startAdminServer, type AdminServer } from '../testing/admin-server.js';
import { createCommandLine, type CommandLine, type Outcome } from '../testing/run-command.js';

let server: AdminServer;
let cli: CommandLine;
const perform = ['perform', 'authorization-code', '--no-open', '--format', 'json'];

beforeAll(async () => {
  server = await startAdminServer();
  cli = createCommandLine(connected(server));
});
beforeEach(() => {
  server.seen.length = 0;
  server.answers.clear();
  server.answers.set('GET /.well-known/openid-configuration', { status: 200, body: metadata() });
});
afterAll(() => server.close());

function metadata(): Record<string, unknown> {
  return {
    issuer: server.url,
    authorization_endpoint: `${server.url}/oauth2/auth`,
    authorization_response_iss_parameter_supported: true,
  };
}

type Waiting = { readonly url: URL; readonly ended: Promise<Outcome>; readonly answer: Answer };
type Answer = (parameters: Record<string, string>) => Promise<Response>;

/** Starts the command and waits until it shows the authorization URL on stderr. */
async function begin(...more: string[]): Promise<Waiting> {
  const { stderr, ended } = cli.start([...perform, ...more]);
  let over: Outcome | undefined;
  void ended.then((outcome) => (over = outcome));
  const url = await expect
    .poll(
      () => {
        if (over !== undefined) throw new Error(over.stderr);
        return /navigate to: (http[^"]+)"/.exec(stderr())?.[1];
      },
      { timeout: 60_000 },
    )
    .toBeTypeOf('string')
    .then(() => new URL(JSON.parse(`"${/navigate to: (http[^"]+)"/.exec(stderr())?.[1] ?? ''}"`) as string));
  const redirect = url.searchParams.get('redirect_uri') ?? '';
  const answer: Answer = (parameters) => fetch(`${redirect}?${new URLSearchParams(parameters).toString()}`);
  return { url, ended, answer };
}

function idToken(claims: object): string {
  return `x.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`;
}

function issue(url: URL, claims: object = {}): Record<string, unknown> {
  const id = { iss: server.url, aud: 'admin', nonce: url.searchParams.get('nonce'), ...claims };
  const tokens = {
    access_token: 'at',
    refresh_token: 'rt',
    id_token: idToken(id),
    token_type: 'bearer',
    expires_in: 60,
  };
  server.answers.set('POST /oauth2/token', { status: 200, body: tokens });
  return tokens;
}

describe('perform authorization-code', () => {
  it('asks with PKCE, state and nonce at a free port of 127.0.0.1, and prints what was issued, here alone', async () => {
    const { url, ended, answer } = await begin('--audience', 'urn:x', '--prompt', 'login');
    const asked = Object.fromEntries(url.searchParams);
    expect(asked).toMatchObject({
      client_id: 'admin',
      response_type: 'code',
      scope: 'openid offline',
      code_challenge_method: 'S256',
      resource: 'urn:x',
      prompt: 'login',
    });
    expect(asked['redirect_uri']).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/callback$/);
    const tokens = issue(url);
    const page = await answer({ code: 'c', state: asked['state'] ?? '', iss: server.url });
    const html = await page.text();
    expect([page.status, html.includes(String(tokens['access_token']) + '<')]).toEqual([200, false]);
    const { exitCode, stdout } = await ended;
    expect([exitCode, JSON.parse(stdout)]).toEqual([0, tokens]);
    const sent = new URLSearchParams(server.seen.at(-1)?.body ?? '');
    expect(sent.get('code')).toBe('c');
    expect(sent.get('code_verifier')).toMatch(/^[\w-]{43}$/);
  });

  it('goes on waiting after a response with another state, be it an error', async () => {
    const { url, ended, answer } = await begin();
    for (const forged of [{ code: 'c', state: 'forged', iss: server.url }, { error: 'access_denied' }]) {
      expect((await answer(forged as Record<string, string>)).status).toBe(400);
    }
    issue(url);
    await answer({ code: 'c', state: url.searchParams.get('state') ?? '', iss: server.url });
    expect((await ended).exitCode).toBe(0);
  });

  it.each([
    ['of another issuer', { code: 'c', iss: 'https://evil.example' }, 'another issuer'],
    ['without an issuer', { code: 'c' }, 'does not name its issuer'],
    ['that refuses', { error: 'access_denied', error_description: 'no\u001b[2J', iss: '' }, 'access_denied: no[2J'],
    ['without a code', { iss: '' }, 'neither a code nor an error'],
  ])('redeems nothing after a response %s', async (_title, parameters, message) => {
    const { url, ended, answer } = await begin();
    const state = url.searchParams.get('state') ?? '';
    const given = parameters as Record<string, string>;
    const iss = given['iss'] === '' ? { iss: server.url } : {};
    expect((await answer({ ...given, ...iss, state })).status).toBe(400);
    const { exitCode, stdout, stderr } = await ended;
    expect([exitCode, stdout]).toEqual([1, '']);
    expect(stderr).toContain(message);
    expect(server.seen.filter(({ path }) => path === '/oauth2/token')).toEqual([]);
  });

  it.each([
    ['another request', { nonce: 'other' }],
    ['another client', { aud: 'other' }],
    ['another issuer', { iss: 'https://evil.example' }],
  ])('refuses an ID token of %s', async (title, claims) => {
    const { url, ended, answer } = await begin();
    issue(url, claims);
    await answer({ code: 'c', state: url.searchParams.get('state') ?? '', iss: server.url });
    const { exitCode, stdout, stderr } = await ended;
    expect([exitCode, stdout]).toEqual([1, '']);
    expect(stderr).toContain(title);
  });

  it.each([
    ['a server by plain http', ['--endpoint', 'http://castellan.example'], 'is plain http'],
    ['a redirect URI elsewhere', ['--redirect-url', 'http://example.org/callback'], 'where this command listens'],
    ['a port that is none', ['--port', '70000'], '--port is not a port'],
  ])('refuses %s before anything is sent', async (_title, args, message) => {
    const { exitCode, stderr } = await cli.run([...perform, ...args]);
    expect([exitCode, server.seen.length]).toEqual([2, 0]);
    expect(stderr).toContain(message);
  });

  it('refuses metadata that send the browser to plain http', async () => {
    const body = { ...metadata(), authorization_endpoint: 'http://evil.example/auth' };
    server.answers.set('GET /.well-known/openid-configuration', { status: 200, body });
    expect((await cli.run(perform)).stderr).toContain('is plain http');
  });

  it('says that a port is busy', async () => {
    const busy = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => busy.once('listening', resolve));
    const { port } = busy.address() as AddressInfo;
    const { exitCode, stderr } = await cli.run([...perform, '--port', String(port)]);
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining(`port ${port} is already in use`)]);
    await new Promise((resolve) => busy.close(resolve));
  });
});
