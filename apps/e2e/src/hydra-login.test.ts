import https from 'node:https';
import { Configuration, OAuth2Api } from '@ory/hydra-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, Browser, send } from './http.js';
import {
  CLI,
  makeDatabase,
  migrateSql,
  type Mode,
  modes,
  type Product,
  type ProductDatabase,
  ROOT,
  rootToken,
  startProduct,
} from './product.js';
import { run as runProgram } from './program.js';

const callback = 'https://rp.example/cb';
const login = 'https://login.example/login';
const consent = 'https://login.example/consent';
const rp = ['rp', 'a-long-secret-of-the-relying-party'] as const;

/** What a login and consent app does, with nothing but Hydra's SDK: base path and access token are all that it is told. */
async function createApp(product: Product) {
  const configuration = new Configuration({
    basePath: product.adminUrl,
    baseOptions: {
      headers: { Authorization: `Bearer ${await rootToken(product, 'hydra.consent')}` },
      httpsAgent: new https.Agent({ rejectUnauthorized: false }),
      // What is refused is looked at.
      validateStatus: () => true,
    },
  });
  return new OAuth2Api(configuration);
}

type App = Awaited<ReturnType<typeof createApp>>;

describe.each(modes)('a login and consent app on @ory/hydra-client (%s)', (mode: Mode) => {
  let database: ProductDatabase;
  let product: Product;
  let app: App;
  let browser: Browser;

  beforeAll(async () => {
    database = await makeDatabase();
    await migrateSql(database.url);
    product = await startProduct({
      mode,
      databaseUrl: database.url,
      consentUrl: consent,
      env: { URLS_LOGIN: login },
    });
    app = await createApp(product);
    const registered = await send(`${product.adminUrl}/clients`, {
      bearer: await rootToken(product),
      json: {
        id: rp[0],
        client_secret: rp[1],
        client_name: 'Relying Party',
        redirect_uris: [callback],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        scope: 'openid offline photos',
        audience: ['https://api.example/', 'https://other.example/'],
      },
    });
    expect(registered.status).toBe(201);
    browser = new Browser();
  }, 180_000);

  afterAll(async () => {
    await product?.stop();
    await database?.drop();
  });

  async function start(changes: Readonly<Record<string, string>> = {}, from = browser): Promise<URL> {
    const query = new URLSearchParams({
      client_id: rp[0],
      redirect_uri: callback,
      response_type: 'code',
      scope: 'openid offline',
      state: 'a-state-of-the-rp',
      nonce: 'a-nonce-of-the-rp',
      ...changes,
    });
    return locationOf(await from.send(`${product.publicUrl}/oauth2/auth?${query}`));
  }

  function locationOf(answer: Answer): URL {
    expect([answer.status, answer.text]).toEqual([302, '']);
    return new URL(answer.headers.location ?? '');
  }

  function challengeOf(url: URL, name: string): string {
    const challenge = url.searchParams.get(name) ?? '';
    expect(challenge.length).toBeGreaterThan(0);
    expect(challenge.length).toBeLessThanOrEqual(64);
    return challenge;
  }

  async function goOn(redirectTo: string, from = browser): Promise<URL> {
    return locationOf(await from.send(redirectTo));
  }

  /** Accepts a login, and consent to all that is asked for; answers where the browser ends. */
  async function run(changes: Readonly<Record<string, string>> = {}, remember = false): Promise<URL> {
    const loginChallenge = challengeOf(await start(changes), 'login_challenge');
    const { data: request } = await app.getOAuth2LoginRequest({ loginChallenge });
    const { data: accepted } = await app.acceptOAuth2LoginRequest({
      loginChallenge,
      acceptOAuth2LoginRequest: {
        subject: request.skip ? request.subject : 'alice',
        remember,
        remember_for: 3600,
        acr: 'gold',
        amr: ['pwd'],
        context: { team: 'red' },
      },
    });
    const atConsent = await goOn(accepted.redirect_to);
    if (atConsent.href.startsWith(callback)) return atConsent;
    const consentChallenge = challengeOf(atConsent, 'consent_challenge');
    const { data: asked } = await app.getOAuth2ConsentRequest({ consentChallenge });
    expect(asked).toMatchObject({ subject: 'alice', login_challenge: loginChallenge, context: { team: 'red' } });
    const { data: granted } = await app.acceptOAuth2ConsentRequest({
      consentChallenge,
      acceptOAuth2ConsentRequest: {
        grant_scope: asked.requested_scope ?? [],
        grant_access_token_audience: asked.requested_access_token_audience ?? [],
        remember,
        remember_for: 0,
        session: { access_token: { department: 'sales' }, id_token: { name: 'Alice' } },
      },
    });
    return goOn(granted.redirect_to);
  }

  async function redeem(url: URL): Promise<Readonly<Record<string, string>>> {
    const answer = await send(`${product.publicUrl}/oauth2/token`, {
      basic: rp,
      form: { grant_type: 'authorization_code', code: url.searchParams.get('code') ?? '', redirect_uri: callback },
    });
    expect(answer.status).toBe(200);
    return JSON.parse(answer.text) as Readonly<Record<string, string>>;
  }

  async function introspect(token: string | undefined): Promise<Readonly<Record<string, unknown>>> {
    const answer = await send(`${product.publicUrl}/oauth2/introspect`, { basic: rp, form: { token: token ?? '' } });
    return JSON.parse(answer.text) as Readonly<Record<string, unknown>>;
  }

  async function readClient(): Promise<{ readonly created_at: string }> {
    const answer = await send(`${product.adminUrl}/admin/clients/rp`, { bearer: await rootToken(product) });
    const client = JSON.parse(answer.text) as { readonly created_at: string };
    expect(Date.parse(client.created_at)).toBeGreaterThan(Date.UTC(2026));
    return client;
  }

  function idTokenOf(tokens: Readonly<Record<string, string>>): Readonly<Record<string, unknown>> {
    const [, claims = ''] = (tokens['id_token'] ?? '').split('.');
    return JSON.parse(Buffer.from(claims, 'base64url').toString()) as Readonly<Record<string, unknown>>;
  }

  it('logs a user in and lets them consent; the client gets what both apps said', async () => {
    const first = await start({ ui_locales: 'de en', login_hint: 'alice@example.org' });
    expect(first.href.startsWith(`${login}?login_challenge=`)).toBe(true);
    const loginChallenge = challengeOf(first, 'login_challenge');
    const { status, data } = await app.getOAuth2LoginRequest({ loginChallenge });
    expect(status).toBe(200);
    expect(data).toMatchObject({
      challenge: loginChallenge,
      skip: false,
      subject: '',
      requested_scope: ['openid', 'offline'],
      requested_access_token_audience: [],
      oidc_context: { ui_locales: ['de', 'en'], login_hint: 'alice@example.org' },
      client: { client_id: 'rp', client_name: 'Relying Party', created_at: (await readClient()).created_at },
    });
    expect(new URL(data.request_url).searchParams.get('state')).toBe('a-state-of-the-rp');

    const before = Math.floor(Date.now() / 1000) - 2;
    const tokens = await redeem(await run());
    expect(idTokenOf(tokens)).toMatchObject({
      sub: 'alice',
      acr: 'gold',
      amr: ['pwd'],
      name: 'Alice',
      nonce: 'a-nonce-of-the-rp',
      sid: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(Number(idTokenOf(tokens)['auth_time'])).toBeGreaterThanOrEqual(before);
    expect(await introspect(tokens['access_token'])).toMatchObject({
      active: true,
      sub: 'alice',
      scope: 'openid offline',
      ext: { department: 'sales' },
    });
  });

  it('issues tokens for the audience that the client asks for, the app grants, and a refresh narrows', async () => {
    const api = ['https://api.example/', 'https://other.example/'] as const;
    const tokens = await redeem(await run({ audience: api.join(' ') }));
    expect(idTokenOf(tokens)).toMatchObject({ aud: ['rp', ...api], azp: 'rp' });
    expect((await introspect(tokens['access_token']))['aud']).toEqual(api);
    const refreshed = await send(`${product.publicUrl}/oauth2/token`, {
      basic: rp,
      form: { grant_type: 'refresh_token', refresh_token: tokens['refresh_token'] ?? '', audience: api[0] },
    });
    const { access_token: narrow } = JSON.parse(refreshed.text) as { readonly access_token?: string };
    expect((await introspect(narrow))['aud']).toBe(api[0]);
    const refused = await start({ audience: 'https://evil.example/' }, new Browser());
    expect(refused.searchParams.get('error')).toBe('invalid_target');
  });

  it('answers 404, 400, 409 and 410 as the SDK expects them', async () => {
    expect((await app.getOAuth2LoginRequest({ loginChallenge: 'unknown' })).status).toBe(404);
    const loginChallenge = challengeOf(await start(), 'login_challenge');
    const accept = (subject: string) =>
      app.acceptOAuth2LoginRequest({ loginChallenge, acceptOAuth2LoginRequest: { subject } });
    expect((await accept('')).status).toBe(400);
    expect((await accept('rp')).status).toBe(400);
    // Twice at once: the first decision counts.
    const both = await Promise.all([accept('alice'), accept('bob')]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
    const handled = await app.getOAuth2LoginRequest({ loginChallenge });
    expect(handled.status).toBe(410);
    const anew = new URL((handled.data as unknown as { redirect_to: string }).redirect_to);
    expect(anew.href.startsWith(`${product.issuer}/oauth2/auth?`)).toBe(true);
  });

  it('skips for a remembered user, answers prompt=none, and asks again for max_age and prompt=login', async () => {
    const none = new Browser();
    expect((await start({ prompt: 'none' }, none)).searchParams.get('error')).toBe('login_required');

    const first = idTokenOf(await redeem(await run({}, true)));
    const { data } = await app.getOAuth2LoginRequest({
      loginChallenge: challengeOf(await start(), 'login_challenge'),
    });
    expect(data).toMatchObject({ skip: true, subject: 'alice', session_id: first['sid'] });

    const silent = idTokenOf(await redeem(await run({ prompt: 'none' })));
    expect(silent).toMatchObject({ sid: first['sid'], auth_time: first['auth_time'] });
    const wider = await run({ prompt: 'none', scope: 'openid offline photos' });
    expect(wider.searchParams.get('error')).toBe('consent_required');

    for (const again of [{ prompt: 'login' }, { max_age: '0' }]) {
      await untilNextSecond(Number(first['auth_time']));
      const loginChallenge = challengeOf(await start(again), 'login_challenge');
      expect((await app.getOAuth2LoginRequest({ loginChallenge })).data.skip).toBe(false);
    }
  });

  it('takes a refusal of either app to the client', async () => {
    const rejectOAuth2Request = { error: 'access_denied', error_description: 'The user said no', status_code: 403 };
    const loginChallenge = challengeOf(await start({}, new Browser()), 'login_challenge');
    const { data } = await app.rejectOAuth2LoginRequest({ loginChallenge, rejectOAuth2Request });
    // Another browser does not hold the request.
    const stranger = await new Browser().send(data.redirect_to);
    expect([stranger.status, stranger.headers.location]).toEqual([400, undefined]);

    const other = new Browser();
    const second = challengeOf(await start({}, other), 'login_challenge');
    const accepted = await app.acceptOAuth2LoginRequest({
      loginChallenge: second,
      acceptOAuth2LoginRequest: { subject: 'alice' },
    });
    const atConsent = await goOn(accepted.data.redirect_to, other);
    const consentChallenge = challengeOf(atConsent, 'consent_challenge');
    const wide = await app.acceptOAuth2ConsentRequest({
      consentChallenge,
      acceptOAuth2ConsentRequest: { grant_scope: ['openid', 'photos'] },
    });
    expect(wide.status).toBe(400);
    const denied = await app.rejectOAuth2ConsentRequest({ consentChallenge, rejectOAuth2Request });
    const refused = await goOn(denied.data.redirect_to, other);
    expect(Object.fromEntries(refused.searchParams)).toEqual({
      error: 'access_denied',
      error_description: 'The user said no',
      state: 'a-state-of-the-rp',
      iss: product.issuer,
    });
  });

  it('lists and revokes consents and sessions', async () => {
    const tokens = await redeem(await run({}, true));
    const sid = String(idTokenOf(tokens)['sid']);
    const listed = await app.listOAuth2ConsentSessions({ subject: 'alice', pageSize: 1 });
    expect(listed.data).toMatchObject([
      {
        grant_scope: ['openid', 'offline'],
        session: { id_token: { name: 'Alice' } },
        consent_request: { subject: 'alice', client: { client_id: 'rp' } },
      },
    ]);
    expect((await introspect(tokens['access_token']))['active']).toBe(true);
    expect((await app.revokeOAuth2ConsentSessions({ subject: 'alice' })).status).toBe(400);
    expect((await app.revokeOAuth2ConsentSessions({ subject: 'alice', client: 'rp' })).status).toBe(204);
    expect(await introspect(tokens['access_token'])).toEqual({ active: false });
    expect((await app.listOAuth2ConsentSessions({ subject: 'alice' })).data).toEqual([]);

    expect((await app.revokeOAuth2LoginSessions({ sid })).status).toBe(204);
    const { data } = await app.getOAuth2LoginRequest({
      loginChallenge: challengeOf(await start(), 'login_challenge'),
    });
    expect(data.skip).toBe(false);
  });

  it('lists and revokes them on the command line', async () => {
    const env = {
      ...{ HOME: '/nonexistent', CLUSTER_URL: product.publicUrl, ADMIN_URL: product.adminUrl },
      ...{ CLIENT_ID: ROOT[0], CLIENT_SECRET: ROOT[1] },
    };
    const castellan = async (...args: readonly string[]): Promise<unknown> => {
      const flags = ['--format', 'json', '--skip-tls-verify'];
      const { code, stdout, stderr } = await runProgram(CLI, [...args, ...flags], { env, timeoutMs: 90_000 });
      expect(code, stderr).toBe(0);
      return JSON.parse(stdout);
    };
    const tokens = await redeem(await run({}, true));
    const sid = String(idTokenOf(tokens)['sid']);
    const session: unknown = expect.objectContaining({ id: sid, subject: 'alice', client_ids: ['rp'] });
    expect(await castellan('login-sessions', 'list', 'alice')).toContainEqual(session);
    expect(await castellan('consents', 'list', 'alice', '--login-session', sid)).toMatchObject([
      { grant_scope: ['openid', 'offline'], consent_request: { client: { client_id: 'rp' } } },
    ]);
    await castellan('consents', 'revoke', '--subject', 'alice', '--client', 'rp');
    expect(await introspect(tokens['access_token'])).toEqual({ active: false });
    expect(await castellan('consents', 'list', 'alice')).toEqual([]);
    await castellan('login-sessions', 'revoke', '--id', sid);
    expect(await castellan('login-sessions', 'list', 'alice')).not.toContainEqual(session);
  }, 400_000);

  it('answers nothing without a token, or with one that no policy lets through', async () => {
    const loginChallenge = challengeOf(await start({}, new Browser()), 'login_challenge');
    const url = `${product.adminUrl}/admin/oauth2/auth/requests/login`;
    const read = (bearer?: string) =>
      send(`${url}?login_challenge=${loginChallenge}`, bearer === undefined ? {} : { bearer });
    expect((await read()).status).toBe(401);
    expect((await read(await rootToken(product, 'openid'))).status).toBe(403);
    const accepted = await send(`${url}/accept?login_challenge=${loginChallenge}`, {
      method: 'PUT',
      json: { subject: 'mallory' },
    });
    expect(accepted.status).toBe(401);
    expect((await app.getOAuth2LoginRequest({ loginChallenge })).status).toBe(200);
  });

  it('keeps the session in a cookie that no script and no other site can use', async () => {
    const fresh = new Browser();
    const loginChallenge = challengeOf(await start({}, fresh), 'login_challenge');
    const { data } = await app.acceptOAuth2LoginRequest({
      loginChallenge,
      acceptOAuth2LoginRequest: { subject: 'alice', remember: true, remember_for: 3600 },
    });
    const answer = await fresh.send(data.redirect_to);
    const [cookie] = (answer.headers['set-cookie'] ?? []).filter((line) => line.includes('castellan_session'));
    expect(cookie).toMatch(
      /^__Host-castellan_session=[A-Za-z0-9_-]{80,}; Path=\/; Max-Age=3600; HttpOnly; SameSite=Lax; Secure$/,
    );
  });
});

/** Times in ID tokens are whole seconds: a login is older than `max_age=0` allows from the next one on. */
async function untilNextSecond(seconds: number): Promise<void> {
  while (Math.floor(Date.now() / 1000) <= seconds) await new Promise((resolve) => setTimeout(resolve, 50));
}
