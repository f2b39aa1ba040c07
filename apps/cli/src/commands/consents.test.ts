import { describe, expect, it } from 'vitest';
import { connectCommandLine } from '../testing/connected-command-line.js';

const { server, cli } = await connectCommandLine();
const path = '/admin/oauth2/auth/sessions/consent';

const consent = {
  consent_request: { client: { client_id: 'shop' }, challenge: 'c' },
  consent_request_id: 'c1',
  grant_scope: ['openid', 'offline'],
  grant_access_token_audience: [],
  session: { access_token: {}, id_token: {} },
  remember: true,
  remember_for: 0,
  handled_at: '2026-01-01T00:00:00.000Z',
};

describe('consents list', () => {
  it('reads every page, and shows a table', async () => {
    const next = `${path}?subject=alice&page_size=500&page_token=c1`;
    const headers = { Link: `<${next}>; rel="next"` };
    server.answers.set(`GET ${path}?subject=alice&page_size=500`, { status: 200, body: [consent], headers });
    server.answers.set(`GET ${next}`, { status: 200, body: [{ ...consent, consent_request_id: 'c2' }] });
    const { exitCode, stdout } = await cli.run(['consents', 'list', 'alice']);
    expect(exitCode).toBe(0);
    expect(stdout).toBe(
      'ID  CLIENT ID  SCOPE            AUDIENCE  REMEMBER  HANDLED AT\n' +
        'c1  shop       openid, offline  -         true      2026-01-01T00:00:00.000Z\n' +
        'c2  shop       openid, offline  -         true      2026-01-01T00:00:00.000Z\n',
    );
  });

  it('gives those of one login session, as the server answered them', async () => {
    const request = `GET ${path}?subject=alice&login_session_id=s1&page_size=500`;
    server.answers.set(request, { status: 200, body: [consent] });
    const { stdout } = await cli.run(['consents', 'list', 'alice', '--login-session', 's1', '--format', 'json']);
    expect(JSON.parse(stdout)).toEqual([consent]);
  });
});

describe('consents revoke', () => {
  it.each([
    [['--subject', 'alice', '--client', 'shop'], '?subject=alice&client=shop'],
    [['--subject', 'alice', '--all'], '?subject=alice&all=true'],
    [['--id', 'c1'], '?consent_request_id=c1'],
  ])('%s ends those and no others', async (flags, query) => {
    server.answers.set(`DELETE ${path}${query}`, { status: 204 });
    const { exitCode, stdout } = await cli.run(['consents', 'revoke', ...flags]);
    expect([exitCode, stdout]).toEqual([0, 'Consents revoked.\n']);
  });

  it.each([
    [[], 'either --subject or --id is needed'],
    [['--all'], 'either --subject or --id is needed'],
    [['--subject', 'alice'], '--subject goes with either --client or --all'],
    [['--subject', 'alice', '--client', 'shop', '--all'], '--subject goes with either --client or --all'],
    [['--subject', 'alice', '--id', 'c1'], 'either --subject or --id is needed'],
    [['--id', 'c1', '--all'], '--id names one consent'],
    [['--id', 'c1', '--client', 'shop'], '--id names one consent'],
  ])('refuses %s', async (flags, reason) => {
    const { exitCode, stderr } = await cli.run(['consents', 'revoke', ...flags]);
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain(reason);
    expect(server.seen).toEqual([]);
  });
});
