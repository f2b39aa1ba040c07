import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createClientCredentials, createLoginConsentClient, type LoginConsentClient } from './login-consent.js';
import { type AdminApi, startAdminApi } from './testing/admin-api.js';

let api: AdminApi;
let client: LoginConsentClient;
let now = 0;

const requests = '/admin/oauth2/auth/requests';
const sessions = '/admin/oauth2/auth/sessions';

function connect(options: { secret?: string; adminUrl?: string; deadlineMs?: number } = {}): LoginConsentClient {
  const tokens = createClientCredentials({
    tokenUrl: `${api.url}/oauth2/token`,
    clientId: 'app',
    clientSecret: options.secret ?? 's+c/%',
    scope: 'hydra.consent',
    now: () => now,
  });
  return createLoginConsentClient({ adminUrl: api.url, tokens, ...options });
}

beforeAll(async () => {
  api = await startAdminApi();
});
afterAll(() => api.close());
beforeEach(() => {
  now = 0;
  api.seen.length = 0;
  api.answers.clear();
  api.tokenStatus = 200;
  client = connect();
});

describe('the login and consent client', () => {
  it.each(['login', 'consent', 'logout'] as const)('reads, accepts and rejects %s requests', async (kind) => {
    const query = `?${kind}_challenge=a%2Bb`;
    api.answers.set(`GET ${requests}/${kind}${query}`, { status: 200, body: { challenge: 'a+b', subject: 'peter' } });
    api.answers.set(`PUT ${requests}/${kind}/accept${query}`, { status: 200, body: { redirect_to: 'https://as/on' } });
    const rejected = kind === 'logout' ? { status: 204 } : { status: 200, body: { redirect_to: 'https://as/no' } };
    api.answers.set(`PUT ${requests}/${kind}/reject${query}`, rejected);
    const { get, accept, reject } = client[kind] as LoginConsentClient['login'];
    expect(await get('a+b')).toEqual({ challenge: 'a+b', subject: 'peter' });
    expect(await accept('a+b', { subject: 'peter' })).toEqual({ redirect_to: 'https://as/on' });
    expect(await reject('a+b', { error: 'access_denied' })).toEqual(
      kind === 'logout' ? undefined : { redirect_to: 'https://as/no' },
    );
    expect(api.seen.filter(({ call }) => call.startsWith('PUT')).map(({ body }) => body)).toEqual([
      { subject: 'peter' },
      { error: 'access_denied' },
    ]);
  });

  it('lists and revokes sessions of a subject', async () => {
    api.answers.set(`GET ${sessions}/consent?subject=user%3A1`, { status: 200, body: [{ grant_scope: ['openid'] }] });
    api.answers.set(`GET ${sessions}/login?subject=user%3A1`, { status: 200, body: [{ id: 's' }] });
    for (const call of ['consent?subject=user%3A1&client=c', 'consent?subject=user%3A1&all=true'])
      api.answers.set(`DELETE ${sessions}/${call}`, { status: 204 });
    for (const call of ['login?subject=user%3A1', 'login?sid=s'])
      api.answers.set(`DELETE ${sessions}/${call}`, { status: 204 });
    expect(await client.consentSessions.list('user:1')).toEqual([{ grant_scope: ['openid'] }]);
    expect(await client.loginSessions.list('user:1')).toEqual([{ id: 's' }]);
    await client.consentSessions.revoke('user:1', 'c');
    await client.consentSessions.revoke('user:1', { all: true });
    await client.loginSessions.revoke('user:1');
    await client.loginSessions.revokeOne('s');
    expect(api.seen.filter(({ call }) => call.startsWith('DELETE'))).toHaveLength(4);
  });

  it.each(['consent', 'login'] as const)('lists %s sessions page by page, or all', async (kind) => {
    const of = kind === 'consent' ? client.consentSessions : client.loginSessions;
    const link = (token: string): Record<string, string> => ({
      link: `<${sessions}/${kind}?subject=peter&page_token=${token}>; rel="next"`,
    });
    const answers = [
      ['?subject=peter', [{ id: 'a' }], 'a%2Fb'],
      ['?subject=peter&page_token=a%2Fb', [{ id: 'b' }], 'b'],
      ['?subject=peter&page_token=b', []],
      ['?subject=peter&page_size=1', [{ id: 'a' }], 'a%2Fb'],
      ['?subject=peter&page_size=1&page_token=c', [{ id: 'd' }]],
    ] as const;
    for (const [query, body, next] of answers)
      api.answers.set(`GET ${sessions}/${kind}${query}`, {
        ...{ status: 200, body },
        ...(next !== undefined ? { headers: link(next) } : {}),
      });
    expect(await of.list('peter')).toEqual([{ id: 'a' }, { id: 'b' }]);
    expect(await of.page('peter', { size: 1 })).toEqual({ items: [{ id: 'a' }], next: 'a/b' });
    expect(await of.page('peter', { size: 1, token: 'c' })).toEqual({ items: [{ id: 'd' }] });
  });

  it.each([
    ['not_found', 404, undefined],
    ['gone', 410, 'https://as/again'],
    ['refused', 403, undefined],
    ['invalid', 400, undefined],
    ['outage', 500, undefined],
    ['outage', 302, undefined],
  ])('rejects with %s for the status %i', async (kind, status, redirectTo) => {
    const body = { error: 'why', error_description: 'because', redirect_to: 'https://as/again' };
    api.answers.set(`GET ${requests}/login?login_challenge=c`, { status, body });
    await expect(client.login.get('c')).rejects.toMatchObject({ kind, status, redirectTo, message: /because/ });
  });

  it('rejects with outage for an answer that is no object, or leads nowhere', async () => {
    api.answers.set(`GET ${requests}/login?login_challenge=c`, { status: 200, body: 'hello' });
    api.answers.set(`PUT ${requests}/login/accept?login_challenge=c`, { status: 200, body: {} });
    await expect(client.login.get('c')).rejects.toMatchObject({ kind: 'outage' });
    await expect(client.login.accept('c', { subject: 's' })).rejects.toMatchObject({ kind: 'outage' });
  });

  it('rejects with outage where nobody listens, or the deadline passes', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const adminUrl = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    await expect(connect({ adminUrl, deadlineMs: 50 }).login.get('c')).rejects.toMatchObject({ kind: 'outage' });
    silent.close();
    silent.closeAllConnections();
    await expect(connect({ adminUrl }).login.get('c')).rejects.toMatchObject({ kind: 'outage', status: 0 });
  });
});

describe('its access token', () => {
  const tokenRequests = (): number => api.seen.filter(({ call }) => call === 'POST /oauth2/token').length;
  beforeEach(() => {
    api.answers.set(`GET ${requests}/login?login_challenge=c`, { status: 200, body: {} });
  });

  it('is asked for by client credentials with encoded halves, once for calls at the same time, until it expires', async () => {
    await Promise.all([client.login.get('c'), client.login.get('c')]);
    await client.login.get('c');
    expect(tokenRequests()).toBe(1);
    expect(api.seen[0]?.body).toBe('grant_type=client_credentials&scope=hydra.consent');
    expect(Buffer.from(api.seen[0]?.authorization.slice(6) ?? '', 'base64').toString()).toBe('app:s%2Bc%2F%25');
    now += 3_591_000;
    await client.login.get('c');
    expect(tokenRequests()).toBe(2);
  });

  it('is replaced once when it is refused', async () => {
    await client.login.get('c');
    api.revokeTokens();
    await client.login.get('c');
    expect(tokenRequests()).toBe(2);
    api.answers.set(`GET ${requests}/login?login_challenge=c`, { status: 401 });
    await expect(client.login.get('c')).rejects.toMatchObject({ kind: 'unauthorized' });
    expect(tokenRequests()).toBe(3);
  });

  it('that is not given rejects the call, and is asked for again by the next', async () => {
    api.tokenStatus = 401;
    await expect(client.login.get('c')).rejects.toMatchObject({ kind: 'unauthorized', status: 401 });
    api.tokenStatus = 200;
    await client.login.get('c');
  });
});

describe('the login and consent example of the README', () => {
  it('is the one that runs here', async () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    const example = readFileSync(new URL('testing/login-consent-example.ts', import.meta.url), 'utf8');
    expect(readme).toContain(
      `\`\`\`ts\n${example.replace("'../login-consent.js'", "'@castellan/sdk/login-consent'")}\`\`\``,
    );
    Object.assign(process.env, { CASTELLAN_URL: api.url, CLIENT_SECRET: 'x', PASSWORD: 'open sesame' });
    const { app } = await import('./testing/login-consent-example.js');
    const login = '?login_challenge=c';
    api.answers.set(`GET ${requests}/login${login}`, { status: 200, body: { skip: false, subject: '' } });
    api.answers.set(`PUT ${requests}/login/accept${login}`, { status: 200, body: { redirect_to: 'https://as/1' } });
    expect((await app.inject(`/login${login}`)).body).toContain('password');
    const post = async (password: string): Promise<string | number | undefined> => {
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      const payload = new URLSearchParams({ password }).toString();
      const answer = await app.inject({ method: 'POST', url: `/login${login}`, headers, payload });
      return (answer.headers.location as string | undefined) ?? answer.statusCode;
    };
    expect(await post('wrong')).toBe(401);
    expect(await post('open sesame')).toBe('https://as/1');
    api.answers.set(`GET ${requests}/login${login}`, { status: 200, body: { skip: true, subject: 'user:1' } });
    expect((await app.inject(`/login${login}`)).headers.location).toBe('https://as/1');
    const consent = '?consent_challenge=c';
    api.answers.set(`GET ${requests}/consent${consent}`, { status: 200, body: { requested_scope: ['openid'] } });
    api.answers.set(`PUT ${requests}/consent/accept${consent}`, { status: 200, body: { redirect_to: 'https://as/2' } });
    expect((await app.inject(`/consent${consent}`)).headers.location).toBe('https://as/2');
    expect(api.seen.at(-1)?.body).toMatchObject({ grant_scope: ['openid'] });
    const logout = '?logout_challenge=c';
    api.answers.set(`PUT ${requests}/logout/accept${logout}`, { status: 200, body: { redirect_to: 'https://as/3' } });
    expect((await app.inject(`/logout${logout}`)).headers.location).toBe('https://as/3');
    await app.close();
  });
});
