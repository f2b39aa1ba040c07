import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { connectCommandLine } from '../testing/connected-command-line.js';
import type { Outcome } from '../testing/run-command.js';

const { server, cli } = await connectCommandLine();

const tokens = {
  access_token: 'ct_at_x.y',
  refresh_token: 'ct_rt_x.y',
  id_token: 'a.b.c',
  expires_in: 3600,
  token_type: 'bearer',
};

async function freePort(): Promise<number> {
  const probe: Server = createServer();
  await new Promise<void>((resolve) => probe.listen(0, resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

type Listening = {
  readonly ended: Promise<Outcome>;
  readonly stdout: () => string;
  readonly url: URL;
  readonly port: number;
};

/** Starts `token user` and waits until it shows the authorization URL. */
async function startTokenUser(...more: string[]): Promise<Listening> {
  const port = await freePort();
  const redirect = `http://localhost:${port}/callback`;
  const args = ['token', 'user', '--no-open', '--listen-port', String(port), '--redirect', redirect, ...more];
  const { ended, stdout } = cli.start(args);
  let failed: Outcome | undefined;
  void ended.then((outcome) => (failed = outcome));
  for (;;) {
    const shown = /\n\t(http\S+)\n/.exec(stdout());
    if (shown?.[1] !== undefined) return { ended, stdout, url: new URL(shown[1]), port };
    if (failed !== undefined) throw new Error(failed.stderr);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function callback(listening: Listening, parameters: Record<string, string>, path = '/callback'): Promise<Response> {
  return fetch(`http://localhost:${listening.port}${path}?${new URLSearchParams(parameters).toString()}`);
}

describe('token user', () => {
  it('shows the authorization URL, exchanges the code, and shows the tokens in terminal and browser', async () => {
    const listening = await startTokenUser('--scopes', 'openid,offline');
    const { port, url } = listening;
    const redirect = `http://localhost:${port}/callback`;
    expect(listening.stdout()).toBe(
      `Setting up callback listener on ${redirect}\n` +
        'Press ctrl + c on Linux / Windows or cmd + c on OSX to end the process.\n' +
        `If your browser does not open automatically, navigate to:\n\n\t${url.href}\n\n`,
    );
    expect(url.origin + url.pathname).toBe(`${server.url}/oauth2/auth`);
    const asked = Object.fromEntries(url.searchParams);
    expect(asked).toMatchObject({
      client_id: 'admin',
      redirect_uri: redirect,
      response_type: 'code',
      scope: 'openid offline',
    });
    expect(asked['state']).toMatch(/^[a-z]{24}$/);
    expect(asked['nonce']).toMatch(/^[a-z]{24}$/);
    expect(asked['code_challenge_method']).toBe('S256');

    server.answers.set('POST /oauth2/token', { status: 200, body: tokens });
    const page = await callback(listening, { code: 'c0de', state: asked['state'] ?? '', iss: server.url });
    expect(page.status).toBe(200);
    expect(page.headers.get('cache-control')).toBe('no-store');
    const html = await page.text();
    for (const shown of [
      'Access Token: <code>ct_at_x.y',
      'Refresh Token: <code>ct_rt_x.y',
      'Expires in: <code>2',
      'ID Token: <code>a.b.c',
    ]) {
      expect(html).toContain(shown);
    }

    const outcome = await listening.ended;
    expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
    expect(outcome.stdout).toMatch(
      /Access Token:\n\tct_at_x\.y\nRefresh Token:\n\tct_rt_x\.y\n\nExpires in:\n\t\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\S* \+0000 UTC\n\nID Token:\n\ta\.b\.c\n\n$/,
    );
    const form = Object.fromEntries(new URLSearchParams(server.seen[0]?.body));
    expect(form).toMatchObject({ grant_type: 'authorization_code', code: 'c0de', redirect_uri: redirect });
    expect(
      createHash('sha256')
        .update(form['code_verifier'] ?? '')
        .digest('base64url'),
    ).toBe(asked['code_challenge']);
    expect(server.seen[0]?.headers.authorization).toMatch(/^Basic /);
  });

  it('prints no ID token block when there is none, and authenticates a public client by its id', async () => {
    const listening = await startTokenUser(
      '--id',
      'an-app',
      '--auth-url',
      'https://as.example/oauth2/auth?prompt=login',
    );
    expect(listening.url.href).toMatch(/^https:\/\/as\.example\/oauth2\/auth\?prompt=login&client_id=an-app&/);
    server.answers.set('POST /oauth2/token', { status: 200, body: { access_token: 'a.b', expires_in: 1 } });
    await callback(listening, { code: 'c', state: listening.url.searchParams.get('state') ?? '' });
    const { stdout } = await listening.ended;
    expect(stdout).toContain('Access Token:\n\ta.b\nRefresh Token:\n\t\n\nExpires in:\n');
    expect(stdout).not.toContain('ID Token');
    expect(server.seen[0]?.headers.authorization).toBeUndefined();
    expect(server.seen[0]?.body).toContain('client_id=an-app');
  });

  it('goes on listening after an error, a foreign state, another issuer and an unknown path', async () => {
    const listening = await startTokenUser();
    const state = listening.url.searchParams.get('state') ?? '';
    const description = 'The requested scope is invalid, unknown, or malformed';
    const refused = await callback(listening, {
      error: 'invalid_scope',
      error_description: description,
      error_hint: '<b>',
      state,
    });
    expect(refused.status).toBe(500);
    expect(await refused.text()).toContain(`<p>Got error: ${description}</p>\n<p>Hint: &#60;b&#62;</p>`);
    expect(listening.stdout()).toContain(`Got error: ${description}\nHint: <b>\n`);

    const forged = await callback(listening, { code: 'c', state: 'forged\u001b[2J' });
    expect(forged.status).toBe(500);
    expect(await forged.text()).not.toContain(state);
    expect(listening.stdout()).toContain(`States do not match. Expected ${state}, got forged[2J\n`);

    expect((await callback(listening, { code: 'c', state, iss: 'https://evil.example' })).status).toBe(500);
    expect((await callback(listening, { code: 'c', state }, '/elsewhere')).status).toBe(404);
    expect(server.seen.filter(({ path }) => path === '/oauth2/token')).toEqual([]);

    server.answers.set('GET /.well-known/openid-configuration', {
      status: 200,
      body: { issuer: 'https://public.example/' },
    });
    server.answers.set('POST /oauth2/token', { status: 200, body: tokens });
    expect((await callback(listening, { code: 'c', state, iss: 'https://public.example' })).status).toBe(200);
    expect((await listening.ended).exitCode).toBe(0);
  });

  it('fails when the code is refused', async () => {
    const listening = await startTokenUser();
    server.answers.set('POST /oauth2/token', { status: 400, body: { error: 'invalid_grant' } });
    const page = await callback(listening, { code: 'c', state: listening.url.searchParams.get('state') ?? '' });
    expect(page.status).toBe(500);
    const outcome = await listening.ended;
    expect(outcome.exitCode).toBe(1);
    expect(outcome.stderr).toMatch(
      /^Could not exchange code for token: oauth2: cannot fetch token: 400\nResponse: .*invalid_grant/,
    );
  });

  it('listens on the port of a loopback redirect URI, too', async () => {
    const other = await freePort();
    const listening = await startTokenUser('--redirect', `http://127.0.0.1:${other}/done`);
    const state = listening.url.searchParams.get('state') ?? '';
    server.answers.set('POST /oauth2/token', { status: 200, body: tokens });
    const page = await fetch(`http://127.0.0.1:${other}/done?code=c&state=${state}`);
    expect(page.status).toBe(200);
    expect((await listening.ended).exitCode).toBe(0);
  });

  it('says that a port is busy', async () => {
    const busy = createServer();
    await new Promise<void>((resolve) => busy.listen(0, resolve));
    const { port } = busy.address() as AddressInfo;
    const outcome = await cli.run(['token', 'user', '--no-open', '--listen-port', String(port)]);
    expect(outcome).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `Could not set up callback listener: port ${port} is already in use.\n`,
    });
    await new Promise((resolve) => busy.close(resolve));
  });

  it('needs a server', async () => {
    const outcome = await cli.run(['token', 'user', '--no-open'], { env: { CLUSTER_URL: '' } });
    expect(outcome.exitCode).toBe(2);
    expect(outcome.stderr).toContain('no cluster URL is configured');
  });
});
