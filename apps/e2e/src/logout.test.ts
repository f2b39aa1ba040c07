import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { OAuth2Api } from '@ory/hydra-client';
import { createRemoteJWKSet, customFetch, decodeProtectedHeader, type JWTPayload, jwtVerify } from 'jose';
import type { Browser as Chromium } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startChromium } from './chromium.js';
import { Browser, send } from './http.js';
import { challengeIn, hydraSdk, locationOf, logInWithSdk } from './hydra-sdk.js';
import { freePorts } from './ports.js';
import {
  CLI,
  type CommandLine,
  connectedCommandLine,
  makeDatabase,
  migrateSql,
  type Product,
  type ProductDatabase,
  rootToken,
  startProduct,
} from './product.js';
import { run } from './program.js';
import { type RelyingParty, startRelyingParty } from './relying-party.js';

const event = 'http://schemas.openid.net/event/backchannel-logout';
const app = 'http://localhost:9020';

/** Logout through the product as it is deployed, two replicas of each service. The app speaks Hydra's SDK and nothing else. */
describe('logout', () => {
  let database: ProductDatabase;
  let product: Product;
  let api: OAuth2Api;
  let cli: CommandLine;
  let rp: RelyingParty;
  let port: number;
  let folder: string;
  let browser: Browser;

  beforeAll(async () => {
    database = await makeDatabase();
    await migrateSql(database.url);
    [port = 0] = await freePorts(1);
    folder = mkdtempSync(path.join(tmpdir(), 'castellan-rp-'));
    await run(CLI, ['certs', 'dev', folder], { env: { HOME: folder } });
    product = await startProduct({
      mode: 'replicas',
      databaseUrl: database.url,
      consentUrl: `${app}/consent`,
      env: {
        LOGIN_URL: `${app}/login`,
        LOGOUT_URL: `${app}/logout`,
        OUTBOUND_ALLOWED_NETWORKS: '127.0.0.0/8,::1/128',
        OUTBOUND_ALLOWED_PORTS: String(port),
        NODE_EXTRA_CA_CERTS: path.join(folder, 'ca.pem'),
        RSA_KEY_BITS: '2048',
      },
    });
    api = await hydraSdk(product);
    cli = await connectedCommandLine(product);
    rp = await startRelyingParty(folder, port);
    await createClient('rp', {
      backchannel_logout_uri: `${rp.url}/backchannel`,
      backchannel_logout_session_required: true,
      post_logout_redirect_uris: [`${rp.url}/bye`],
    });
    await createClient('framed', {
      frontchannel_logout_uri: `${rp.url}/frame`,
      frontchannel_logout_session_required: true,
      post_logout_redirect_uris: [`${rp.url}/bye`],
    });
  }, 240_000);

  afterAll(async () => {
    await product?.stop();
    await rp?.close();
    cli?.remove();
    await database?.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  beforeEach(() => {
    browser = new Browser();
    rp.tokens.length = 0;
    rp.fetched.length = 0;
    rp.mood = 'takes';
  });
  afterEach(async () => {
    await database.query('DELETE FROM token.outbox');
  });

  async function createClient(id: string, more: object): Promise<void> {
    const created = await send(`${product.adminUrl}/clients`, {
      bearer: await rootToken(product),
      json: {
        id,
        client_secret: 'consumer-secret',
        redirect_uris: [`${rp.url}/callback`],
        grant_types: ['implicit', 'authorization_code'],
        response_types: ['id_token', 'code'],
        scope: 'openid',
        ...more,
      },
    });
    expect(created.status, created.text).toBe(201);
  }

  const logIn = (clientId = 'rp', subject = 'alice') =>
    logInWithSdk(product, browser, api, { clientId, redirectUri: `${rp.url}/callback`, subject });

  const logoutUrl = (query: Readonly<Record<string, string>> = {}) =>
    `${product.publicUrl}/oauth2/sessions/logout?${new URLSearchParams(query)}`;

  /** What a client makes of a logout token (OpenID Connect Back-Channel Logout 1.0 section 2.6). */
  async function verified(token: string): Promise<JWTPayload & { sid?: string; events?: object; nonce?: string }> {
    const jwks = createRemoteJWKSet(new URL(`${product.publicUrl}/.well-known/jwks.json`), {
      [customFetch]: async (url: string) => new Response((await send(url)).text, { status: 200 }),
    });
    const { payload } = await jwtVerify(token, jwks, { issuer: product.issuer, audience: 'rp', typ: 'logout+jwt' });
    return payload;
  }

  /** Lets the app accept the logout that a browser asks for, and answers where the browser goes. */
  async function logOut(query: Readonly<Record<string, string>> = {}): Promise<string> {
    const challenge = challengeIn(await locationOf(browser, logoutUrl(query)), 'logout_challenge');
    const accepted = await api.acceptOAuth2LogoutRequest({ logoutChallenge: challenge });
    expect(accepted.status).toBe(200);
    return locationOf(browser, accepted.data.redirect_to.replace(product.issuer, product.publicUrl));
  }

  async function isLoggedIn(clientId = 'rp'): Promise<boolean> {
    const query = new URLSearchParams({
      client_id: clientId,
      redirect_uri: `${rp.url}/callback`,
      response_type: 'id_token',
      scope: 'openid',
      state: 'is-anybody-there',
      nonce: 'nonce-of-this-question',
      prompt: 'none',
    });
    const at = await locationOf(browser, `${product.publicUrl}/oauth2/auth?${query}`);
    return !at.includes('error=login_required');
  }

  it('is asked for by a client, decided by the app, and heard of by the client behind the browser’s back', async () => {
    const { idToken, sid } = await logIn();
    expect(sid).not.toBe('');
    const query = { id_token_hint: idToken, post_logout_redirect_uri: `${rp.url}/bye`, state: 'a b' };
    const challenge = challengeIn(await locationOf(browser, logoutUrl(query)), 'logout_challenge');
    const asked = await api.getOAuth2LogoutRequest({ logoutChallenge: challenge });
    expect(asked.status).toBe(200);
    expect(asked.data).toMatchObject({ challenge, subject: 'alice', sid, rp_initiated: true });
    expect(asked.data.client?.client_id).toBe('rp');
    expect(asked.data.request_url).not.toContain(idToken);
    expect(Date.parse(asked.data.expires_at ?? '') - Date.parse(asked.data.requested_at ?? '')).toBe(600_000);
    const accepted = await api.acceptOAuth2LogoutRequest({ logoutChallenge: challenge });
    const back = accepted.data.redirect_to;
    expect(await locationOf(browser, back)).toBe(`${rp.url}/bye?state=a%20b`);
    await rp.tokensAre(1);
    const [{ token, contentType } = { token: '', contentType: '' }] = rp.tokens;
    expect(contentType).toBe('application/x-www-form-urlencoded');
    const claims = await verified(token);
    expect(claims).toMatchObject({ sub: 'alice', sid, events: { [event]: {} } });
    expect(claims).not.toHaveProperty('nonce');
    expect(decodeProtectedHeader(token)).toMatchObject({ alg: 'RS256', typ: 'logout+jwt' });
    expect(await isLoggedIn()).toBe(false);
    // The verifier is spent, here and in another browser.
    for (const other of [browser, new Browser()]) expect((await other.send(back)).status).toBe(400);
    expect((await api.getOAuth2LogoutRequest({ logoutChallenge: challenge })).status).toBe(410);
    // A logout token is no ID token.
    await logIn();
    expect((await browser.send(logoutUrl({ id_token_hint: token }))).status).toBe(400);
  });

  it('is rejected by the app, and nothing ends', async () => {
    await logIn();
    const challenge = challengeIn(await locationOf(browser, logoutUrl()), 'logout_challenge');
    expect((await api.getOAuth2LogoutRequest({ logoutChallenge: challenge })).data.rp_initiated).toBe(false);
    expect((await api.rejectOAuth2LogoutRequest({ logoutChallenge: challenge })).status).toBe(204);
    expect((await api.acceptOAuth2LogoutRequest({ logoutChallenge: challenge })).status).toBe(409);
    expect((await api.getOAuth2LogoutRequest({ logoutChallenge: 'x'.repeat(64) })).status).toBe(404);
    expect(await isLoggedIn()).toBe(true);
    expect(rp.tokens).toEqual([]);
  });

  it('LO-01, LO-02: sends the browser to no page that is not registered, or that nobody proved to ask for', async () => {
    const { idToken } = await logIn();
    const evil = { id_token_hint: idToken, post_logout_redirect_uri: 'https://evil.example/' };
    expect((await browser.send(logoutUrl(evil))).status).toBe(400);
    expect(await isLoggedIn()).toBe(true);
    expect(await logOut({ client_id: 'rp', post_logout_redirect_uri: `${rp.url}/bye` })).toBe(
      `${product.issuer}/oauth2/sessions/logout/done`,
    );
  });

  it('loads the frames of clients in a real browser, and then goes on to the client', async () => {
    const { idToken, sid } = await logIn('framed');
    const query = { id_token_hint: idToken, post_logout_redirect_uri: `${rp.url}/bye` };
    const challenge = challengeIn(await locationOf(browser, logoutUrl(query)), 'logout_challenge');
    const accepted = await api.acceptOAuth2LogoutRequest({ logoutChallenge: challenge });
    const chromium: Chromium = await startChromium();
    try {
      const context = await chromium.newContext({ ignoreHTTPSErrors: true });
      await context.addCookies(browser.cookies(product.publicUrl));
      const page = await context.newPage();
      await page.goto(accepted.data.redirect_to);
      await page.waitForURL(`${rp.url}/bye`);
    } finally {
      await chromium.close();
    }
    const frame = new URLSearchParams({ iss: product.issuer, sid });
    expect(rp.fetched).toContain(`/frame?${frame}`);
    expect(await isLoggedIn('framed')).toBe(false);
  }, 180_000);

  it('is told to clients too when an operator ends the session', async () => {
    const { sid } = await logIn();
    expect((await api.revokeOAuth2LoginSessions({ sid })).status).toBe(204);
    await rp.tokensAre(1);
    expect(await verified(rp.tokens[0]?.token ?? '')).toMatchObject({ sid, sub: 'alice' });
    expect(await isLoggedIn()).toBe(false);
  });

  it('LO-07: is done though a client fails; operators see what waits, try it again, and discard it', async () => {
    rp.mood = 'fails';
    const { idToken, sid } = await logIn();
    expect(await logOut({ id_token_hint: idToken })).toContain('/done');
    await rp.tokensAre(1);
    const waiting = async () => {
      const listed = await cli.run(['logout', 'deliveries', 'list', '--format', 'json', '--skip-tls-verify']);
      expect(listed.code, listed.stderr + listed.stdout).toBe(0);
      return JSON.parse(listed.stdout) as { id: string; sid: string; problem?: string; state: string }[];
    };
    let [delivery] = await waiting();
    while (delivery?.problem === undefined) [delivery] = await waiting();
    expect(delivery).toMatchObject({ client_id: 'rp', subject: 'alice', sid, state: 'pending', problem: 'HTTP 503' });
    const retry = () => cli.run(['logout', 'deliveries', 'retry', delivery.id, '--skip-tls-verify']);
    const before = rp.tokens.length;
    expect((await retry()).code).toBe(0);
    await rp.tokensAre(before + 1);
    // It may be delivered of itself before the command gets there.
    rp.mood = 'takes';
    await retry();
    for (const deadline = Date.now() + 20_000; (await waiting()).length > 0;) expect(Date.now()).toBeLessThan(deadline);
    expect((await cli.run(['logout', 'deliveries', 'discard', delivery.id, '--skip-tls-verify'])).code).not.toBe(0);
  }, 180_000);

  it('survives kill -9 of every token service between the commit and the delivery', async () => {
    rp.mood = 'hangs';
    const { idToken, sid } = await logIn();
    expect(await logOut({ id_token_hint: idToken })).toContain('/done');
    // Committed, and on its way: the client has the request and has not answered it.
    await rp.tokensAre(1);
    const tokens = product.replicas.filter(({ service }) => service === 'token');
    expect(tokens).toHaveLength(2);
    await Promise.all(tokens.map((replica) => replica.stop('SIGKILL')));
    const { rows } = await database.query('SELECT target, payload FROM token.outbox');
    expect(rows).toMatchObject([{ target: 'rp', payload: { subject: 'alice', sid } }]);
    rp.mood = 'takes';
    const before = rp.tokens.length;
    await Promise.all(tokens.map((replica) => replica.restart()));
    // When the lease of the dead is over, one of the living takes it.
    await rp.tokensAre(before + 1, 40_000);
    expect(await verified(rp.tokens.at(-1)?.token ?? '')).toMatchObject({ sub: 'alice', sid });
    for (const deadline = Date.now() + 10_000; ;) {
      const left = await database.query('SELECT count(*)::int AS n FROM token.outbox');
      if ((left.rows[0] as { n: number }).n === 0) break;
      expect(Date.now()).toBeLessThan(deadline);
    }
  }, 150_000);
});
