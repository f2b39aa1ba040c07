import { describe, expect, it } from 'vitest';
import { connectCommandLine } from '../testing/connected-command-line.js';

const { server, cli } = await connectCommandLine();
const path = '/admin/oauth2/auth/sessions/login';

const session = {
  id: 's1',
  subject: 'alice',
  authenticated_at: '2026-01-01T00:00:00.000Z',
  acr: '',
  amr: ['pwd'],
  remember: true,
  created_at: '2026-01-01T00:00:00.000Z',
  expires_at: '2026-01-31T00:00:00.000Z',
  client_ids: ['shop', 'news'],
};

describe('login-sessions list', () => {
  it('reads every page, and shows a table', async () => {
    const next = `${path}?subject=alice&page_size=500&page_token=s1`;
    const headers = { Link: `<${next}>; rel="next"` };
    server.answers.set(`GET ${path}?subject=alice&page_size=500`, { status: 200, body: [session], headers });
    server.answers.set(`GET ${next}`, { status: 200, body: [{ ...session, id: 's2', amr: [], client_ids: [] }] });
    const { exitCode, stdout } = await cli.run(['login-sessions', 'list', 'alice']);
    expect(exitCode).toBe(0);
    expect(stdout).toBe(
      'ID  AUTHENTICATED AT          ACR  AMR  REMEMBER  EXPIRES AT                CLIENT IDS\n' +
        's1  2026-01-01T00:00:00.000Z  -    pwd  true      2026-01-31T00:00:00.000Z  shop, news\n' +
        's2  2026-01-01T00:00:00.000Z  -    -    true      2026-01-31T00:00:00.000Z  -\n',
    );
  });

  it('gives what the server answered as JSON', async () => {
    server.answers.set(`GET ${path}?subject=a%2Fb%3D&page_size=500`, { status: 200, body: [session] });
    const { stdout } = await cli.run(['login-sessions', 'list', 'a/b=', '--format', 'json']);
    expect(JSON.parse(stdout)).toEqual([session]);
  });

  it('says what the server refused', async () => {
    server.answers.set(`GET ${path}?subject=alice&page_size=500`, { status: 403, body: { error: 'denied' } });
    const { exitCode, stderr } = await cli.run(['login-sessions', 'list', 'alice']);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('Could not list login sessions');
  });
});

describe('login-sessions revoke', () => {
  it.each([
    [['--subject', 'alice'], '?subject=alice'],
    [['--id', 's1'], '?sid=s1'],
    [['--subject', 'alice', '--revoke-tokens'], '?subject=alice&revoke_tokens=true'],
  ])('%s ends those and no others', async (flags, query) => {
    server.answers.set(`DELETE ${path}${query}`, { status: 204 });
    const { exitCode, stdout } = await cli.run(['login-sessions', 'revoke', ...flags]);
    expect([exitCode, stdout]).toEqual([0, 'Login sessions revoked.\n']);
  });

  it.each([[[]], [['--subject', 'alice', '--id', 's1']], [['--revoke-tokens']]])('refuses %s', async (flags) => {
    const { exitCode, stderr } = await cli.run(['login-sessions', 'revoke', ...flags]);
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain('either --subject or --id is needed');
    expect(server.seen).toEqual([]);
  });
});
