import { randomBytes } from 'node:crypto';
import type { OAuth2Api } from '@ory/hydra-client';
import { generateKeyPair, SignJWT } from 'jose';
import { expect, it } from 'vitest';
import { type Answer, Browser } from '../http.js';
import { challengeIn, locationOf } from '../hydra-sdk.js';
import type { RelyingParty } from '../relying-party.js';
import { authorizeInSession, type Session } from './session-player.js';
import {
  callback,
  checkErrorResponse,
  checkIdToken,
  decodeHtml,
  redeem,
  requestOf,
  type Suite,
  type SuiteClient,
} from './suite.js';

/** What the logout plans need: a product with sessions, the app's API, and a relying party that can be reached. */
export type LogoutPlan = {
  readonly suite: () => Suite;
  readonly api: () => OAuth2Api;
  readonly relyingParty: () => RelyingParty;
};

type LoggedIn = { readonly session: Session; readonly client: SuiteClient; readonly idToken: string };

/** The modules of the RP-initiated, back-channel, front-channel and session management plans, for response type code. */
export function describeLogoutModules({ suite, api, relyingParty }: LogoutPlan): void {
  const goodbye = () => `${relyingParty().url}/post_logout_redirect`;

  async function logIn(metadata: object = {}): Promise<LoggedIn> {
    const client = await suite().register({ post_logout_redirect_uris: [goodbye()], ...metadata });
    const session = { suite: suite(), api: api(), browser: new Browser() };
    const request = requestOf(client);
    const { response } = await authorizeInSession(session, request);
    const { id_token: idToken = '' } = await redeem(suite(), client, response.parameters['code'] ?? '');
    await checkIdToken(suite(), client, idToken, { nonce: request['nonce'] ?? '' });
    return { session, client, idToken };
  }

  function endSession({ session }: LoggedIn, parameters: Readonly<Record<string, string>>): Promise<Answer> {
    const endpoint = String(suite().metadata['end_session_endpoint']);
    return session.browser.send(`${endpoint}?${new URLSearchParams(parameters)}`);
  }

  /** The user confirms; answers where the app sends the browser back to. */
  async function confirm(asked: Answer): Promise<string> {
    const logoutChallenge = challengeIn(asked.headers.location ?? '', 'logout_challenge');
    const accepted = await api().acceptOAuth2LogoutRequest({ logoutChallenge });
    expect(accepted.status).toBe(200);
    return accepted.data.redirect_to;
  }

  async function isLoggedIn({ session, client }: LoggedIn): Promise<boolean> {
    const request = requestOf(client, { prompt: 'none' });
    const { response } = await authorizeInSession(session, request);
    if (response.parameters['error'] === undefined) return true;
    expect(checkErrorResponse(suite(), response, request['state'])).toBe('login_required');
    return false;
  }

  it.each([
    ['oidcc-rp-initiated-logout', randomBytes(8).toString('hex')],
    ['oidcc-rp-initiated-logout-no-state', undefined],
  ])('%s', async (_, state) => {
    const login = await logIn();
    const stated = state === undefined ? {} : { state };
    const asked = { id_token_hint: login.idToken, post_logout_redirect_uri: goodbye(), ...stated };
    const back = await confirm(await endSession(login, asked));
    const { origin, pathname, searchParams } = new URL(await locationOf(login.session.browser, back));
    expect([`${origin}${pathname}`, Object.fromEntries(searchParams)]).toEqual([goodbye(), stated]);
    expect(await isLoggedIn(login)).toBe(false);
  });

  it.each<[string, (login: LoggedIn) => Readonly<Record<string, string>>]>([
    ['oidcc-rp-initiated-logout-no-params', () => ({})],
    ['oidcc-rp-initiated-logout-only-state', () => ({ state: 'a-state' })],
    [
      'oidcc-rp-initiated-logout-no-post-logout-redirect-uri',
      ({ idToken }) => ({ id_token_hint: idToken, state: 's' }),
    ],
    ['oidcc-rp-initiated-logout-no-id-token-hint', () => ({ post_logout_redirect_uri: goodbye(), state: 's' })],
  ])('%s', async (_, parameters) => {
    const login = await logIn();
    const back = await confirm(await endSession(login, parameters(login)));
    const done = await login.session.browser.send(await locationOf(login.session.browser, back));
    expect([done.status, done.headers['content-type']]).toEqual([200, expect.stringMatching(/^text\/html/)]);
    expect(await isLoggedIn(login)).toBe(false);
  });

  it.each<[string, (login: LoggedIn) => Promise<Readonly<Record<string, string>>>]>([
    [
      'oidcc-rp-initiated-logout-bad-post-logout-redirect-uri',
      async ({ idToken }) => ({ id_token_hint: idToken, post_logout_redirect_uri: `${goodbye()}_bad`, state: 's' }),
    ],
    [
      'oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri',
      async ({ idToken }) => ({ id_token_hint: idToken, post_logout_redirect_uri: `${goodbye()}?foo=bar`, state: 's' }),
    ],
    [
      'oidcc-rp-initiated-logout-modified-id-token-hint',
      async ({ idToken }) => ({ id_token_hint: unsigned(idToken), post_logout_redirect_uri: goodbye() }),
    ],
    [
      'oidcc-rp-initiated-logout-bad-id-token-hint',
      async ({ client }) => ({ id_token_hint: await forged(suite(), client), post_logout_redirect_uri: goodbye() }),
    ],
  ])('%s', async (_, parameters) => {
    const login = await logIn();
    const answer = await endSession(login, await parameters(login));
    expect([answer.status, answer.headers.location]).toEqual([400, undefined]);
    expect(answer.headers['content-type']).toMatch(/^text\/html/);
    expect(await isLoggedIn(login)).toBe(true);
  });

  it('oidcc-rp-initiated-logout-discovery-endpoint-verification', () => {
    expect(suite().metadata['end_session_endpoint']).toMatch(/^https:\/\//);
  });

  it('oidcc-backchannel-logout-discovery-endpoint-verification', () => {
    expect(suite().metadata).toMatchObject({
      backchannel_logout_supported: true,
      backchannel_logout_session_supported: true,
      end_session_endpoint: expect.stringMatching(/^https:\/\//),
    });
  });

  it('oidcc-frontchannel-logout-discovery-endpoint-verification', () => {
    expect(suite().metadata).toMatchObject({
      frontchannel_logout_supported: true,
      frontchannel_logout_session_supported: true,
      end_session_endpoint: expect.stringMatching(/^https:\/\//),
    });
  });

  it('oidcc-backchannel-rp-initiated-logout', async () => {
    const uri = `${relyingParty().url}/backchannel_logout`;
    const login = await logIn({ backchannel_logout_uri: uri, backchannel_logout_session_required: true });
    const before = relyingParty().tokens.length;
    const asked = { id_token_hint: login.idToken, post_logout_redirect_uri: goodbye(), state: 'b' };
    const back = await confirm(await endSession(login, asked));
    expect(await locationOf(login.session.browser, back)).toBe(`${goodbye()}?state=b`);
    await relyingParty().tokensAre(before + 1);
    const { token = '', contentType = '' } = relyingParty().tokens.at(-1) ?? {};
    expect(contentType).toBe('application/x-www-form-urlencoded');
    const claims = await suite().verify(token, login.client.id);
    const { sid, sub } = await suite().verify(login.idToken, login.client.id);
    expect(claims).toMatchObject({
      iss: suite().metadata['issuer'],
      aud: login.client.id,
      iat: expect.any(Number),
      jti: expect.any(String),
      events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
      sid,
      sub,
    });
    expect(claims).not.toHaveProperty('nonce');
    expect(await isLoggedIn(login)).toBe(false);
  });

  it('oidcc-frontchannel-rp-initiated-logout', async () => {
    const uri = `${relyingParty().url}/frontchannel_logout`;
    const login = await logIn({
      // The frame is of the origin of a redirect URI (OpenID Connect Front-Channel Logout 1.0 section 2).
      redirect_uris: [callback, `${relyingParty().url}/callback`],
      frontchannel_logout_uri: uri,
      frontchannel_logout_session_required: true,
    });
    const asked = { id_token_hint: login.idToken, post_logout_redirect_uri: goodbye(), state: 'f' };
    const page = await login.session.browser.send(await confirm(await endSession(login, asked)));
    const { sid } = await suite().verify(login.idToken, login.client.id);
    const frames = [...page.text.matchAll(/<iframe[^>]* src="([^"]*)"/g)].map(([, source = '']) => decodeHtml(source));
    const query = new URLSearchParams({ iss: String(suite().metadata['issuer']), sid: String(sid) });
    expect(frames).toEqual([`${uri}?${query}`]);
    expect(decodeHtml(page.text)).toContain(`${goodbye()}?state=f`);
    expect(await isLoggedIn(login)).toBe(false);
  });

  // OpenID Connect Session Management needs cookies that a frame of another site can read; browsers give it none.
  it.each(['oidcc-session-management-discovery-endpoint-verification', 'oidcc-session-management-rp-initiated-logout'])(
    '%s: not offered, and said so',
    async () => {
      expect(suite().metadata).not.toHaveProperty('check_session_iframe');
      const { session, client } = await logIn();
      const { response } = await authorizeInSession(session, requestOf(client));
      expect(response.parameters).not.toHaveProperty('session_state');
    },
  );
}

function unsigned(idToken: string): string {
  const [, claims = ''] = idToken.split('.');
  return `${Buffer.from('{"alg":"none"}').toString('base64url')}.${claims}.`;
}

/** An ID token that the suite signed itself. */
async function forged({ metadata, now }: Suite, client: SuiteClient): Promise<string> {
  const { privateKey } = await generateKeyPair('RS256');
  return new SignJWT({ nonce: 'n' })
    .setProtectedHeader({ alg: 'RS256', kid: 'suite' })
    .setIssuer(String(metadata['issuer']))
    .setSubject('alice')
    .setAudience(client.id)
    .setIssuedAt(Math.floor(now() / 1000))
    .setExpirationTime(Math.floor(now() / 1000) + 300)
    .sign(privateKey);
}
