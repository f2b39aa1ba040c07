import { describe, expect, it } from 'vitest';
import { issuedToken } from '../testing/admin-server.js';
import { connectCommandLine } from '../testing/connected-command-line.js';

const { server, cli } = await connectCommandLine();

describe('token client', () => {
  it('prints the access token and nothing else', async () => {
    expect(await cli.run(['token', 'client'])).toEqual({ exitCode: 0, stdout: `${issuedToken}\n`, stderr: '' });
  });

  it('warns on stderr each time TLS certificates are not verified', async () => {
    const outcome = await cli.run(['token', 'client', '--skip-tls-verify']);
    expect(outcome.stdout).toBe(`${issuedToken}\n`);
    expect(outcome.stderr).toMatch(/^Warning: .*--skip-tls-verify/);
  });

  it('fails on stderr when the credentials are wrong', async () => {
    const outcome = await cli.run(['token', 'client'], { env: { CLIENT_ID: 'nobody' } });
    expect(outcome).toMatchObject({ exitCode: 1, stdout: '' });
    expect(outcome.stderr).toMatch(/^Could not authenticate, because: /);
  });
});

describe('token validate', () => {
  const active = { active: true, scope: 'hydra', client_id: 'admin', sub: 'admin', exp: 3600, iat: 0, aud: 'admin' };

  it('prints the introspection of an active token', async () => {
    server.answers.set('POST /oauth2/introspect', { status: 200, body: active });
    const outcome = await cli.run(['token', 'validate', 'a.b', '--scopes', 'x,y']);
    expect(outcome.exitCode).toBe(0);
    expect(outcome.stdout).toBe(`${JSON.stringify(active, null, '\t')}\n`);
    expect(outcome.stdout).toContain('\t"active": true,\n');
    expect(server.seen[0]).toMatchObject({ body: 'token=a.b&scope=x+y' });
    expect(server.seen[0]?.headers.authorization).toBe(`Bearer ${issuedToken}`);
  });

  it('reads the token - from standard input', async () => {
    server.answers.set('POST /oauth2/introspect', { status: 200, body: active });
    await cli.run(['token', 'validate', '-'], { stdin: 'from.stdin\n' });
    expect(server.seen[0]?.body).toBe('token=from.stdin&scope=');
  });

  it('fails for an inactive token', async () => {
    server.answers.set('POST /oauth2/introspect', { status: 200, body: { active: false } });
    expect(await cli.run(['token', 'validate', 'a.b'])).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: 'Could not validate token: : Token is inactive because it is malformed, expired or otherwise invalid\n',
    });
  });
});

describe('token revoke', () => {
  it('authenticates as the stored client', async () => {
    server.answers.set('POST /oauth2/revoke', { status: 200 });
    expect(await cli.run(['token', 'revoke', 'a.b'])).toEqual({
      exitCode: 0,
      stdout: 'Revoked token a.b\n',
      stderr: '',
    });
    const credentials = Buffer.from('admin:demo-password').toString('base64');
    expect(server.seen[0]).toMatchObject({ body: 'token=a.b', headers: { authorization: `Basic ${credentials}` } });
  });

  it('form-encodes client credentials', async () => {
    server.answers.set('POST /oauth2/revoke', { status: 200 });
    await cli.run(['token', 'revoke', 'a.b'], { env: { CLIENT_SECRET: 'a+b%c:d' } });
    const credentials = Buffer.from('admin:a%2Bb%25c%3Ad').toString('base64');
    expect(server.seen[0]?.headers.authorization).toBe(`Basic ${credentials}`);
  });

  it('fails when the server refuses', async () => {
    server.answers.set('POST /oauth2/revoke', { status: 401, body: { error: 'invalid_client' } });
    const outcome = await cli.run(['token', 'revoke', 'a.b']);
    expect(outcome.exitCode).toBe(1);
    expect(outcome.stderr).toMatch(/^Could not revoke token: .*401/);
  });
});
