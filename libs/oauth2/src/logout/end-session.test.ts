import { createHash, randomBytes } from 'node:crypto';
import { generateKey, type Jwk } from '@castellan/jwk';
import { SignJWT, importJWK, type JWK } from 'jose';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Cookie, createFlowCookies } from '../consent/flow-cookie.js';
import { createChallengeText } from '../interaction/challenge-text.js';
import { createSubjectIdentifier } from '../subject-identifier.js';
import { createMemoryClientStore, type MemoryClientStore } from '../testing/memory-client-store.js';
import { createMemoryLoginSessionStore, type MemoryLoginSessionStore } from '../testing/memory-login-session-store.js';
import { createMemoryLogoutRequestStore } from '../testing/memory-logout-request-store.js';
import { createMemoryOutboxStore } from '../testing/memory-outbox-store.js';
import { createMemoryTokenStore } from '../testing/memory-token-store.js';
import { sampleClient } from '../testing/sample-client.js';
import { backchannelLogoutKind } from './backchannel-delivery.js';
import { endSession, type EndSessionInput, type EndSessionOutcome, type LogoutTools } from './end-session.js';
import { acceptLogoutRequest, getLogoutRequest, rejectLogoutRequest } from './logout-request-api.js';

const issuer = 'https://op.example';
const endpoint = `${issuer}/oauth2/sessions/logout`;
const bye = 'https://rp.example/bye?lang=en';
const logoutUrl = 'https://app.example/logout';
const done = `${issuer}/oauth2/sessions/logout/done`;

let keys: readonly Jwk[];
let foreign: Jwk;
let now: number;
let clients: MemoryClientStore;
let sessions: MemoryLoginSessionStore;
let outbox: ReturnType<typeof createMemoryOutboxStore>;
let tools: LogoutTools;
let jar: Map<string, string>;
let woken: number;

beforeAll(async () => {
  const make = () => generateKey('ES256', { rsaBits: 2048, randomBytes });
  keys = [{ ...(await make()), kid: 'k' }];
  foreign = { ...(await make()), kid: 'k' };
});

beforeEach(async () => {
  now = 1_800_000_000_000;
  woken = 0;
  clients = createMemoryClientStore();
  const tokens = createMemoryTokenStore({ clients, now: () => now });
  outbox = createMemoryOutboxStore(() => now);
  sessions = createMemoryLoginSessionStore({ tokens, now: () => now, backchannel: { clients, outbox } });
  jar = new Map();
  tools = {
    settings: { issuer, logoutUrl, postLogoutUrl: done, requestLifetimeMs: 600_000, giveUpAfterMs: 86_400_000 },
    clients,
    requests: createMemoryLogoutRequestStore({ sessions, now: () => now }),
    sessions: {
      async current(cookies) {
        const value = cookies.find(({ name }) => name === 'session')?.value;
        return value === undefined ? undefined : sessions.find(value);
      },
      find: (sid) => sessions.find(sid),
      clear: () => [{ name: 'session', value: '', maxAgeSeconds: 0 }],
    },
    flows: createFlowCookies({
      keys: [{ id: Buffer.from('keyA'), key: Buffer.alloc(32, 1) }],
      lifetimeMs: 600_000,
      now: () => now,
      randomBytes,
    }),
    challenges: createChallengeText({ keys: [Buffer.alloc(32, 2)] }),
    idTokenKeys: async () => keys.map(({ d: _d, ...publicPart }) => publicPart as Jwk),
    subjectIdentifier: createSubjectIdentifier(Buffer.alloc(32, 3)),
    onEnded: () => (woken += 1),
    now: () => now,
    randomBytes,
  };
  const logout = {
    postLogoutRedirectUris: [bye, 'com.example.app:/bye'],
    backchannelLogoutUri: 'https://rp.example/l',
  };
  await clients.insert(sampleClient({ id: 'rp', logout }), undefined);
  await clients.insert(
    sampleClient({ id: 'other', logout: { postLogoutRedirectUris: ['https://other.example/'] } }),
    undefined,
  );
  await begin('alice-1', 'alice');
});

/** Begins a session, in this browser and with tokens of the client. */
async function begin(sid: string, subject: string, remembered = true): Promise<void> {
  const session = { sid, subject, authTime: 1, amr: [], lifetimeMs: 86_400_000 };
  sessions.take({ kind: 'begin', session: { ...session, ...(remembered ? { cookieHash: sid } : {}) } });
  const clientUid = (await clients.find('rp'))?.uid ?? '';
  const rest = { scopes: [], audience: [], accessTokenExtra: {}, idTokenExtra: {} };
  sessions.note({ clientId: 'rp', clientUid, subject, sid, ...rest });
  if (remembered) jar.set('session', sid);
}

/** An ID token of alice's session at the client, changed as the test says. */
async function idToken(claims: object = {}, header: object = {}, key: Jwk | undefined = keys[0]): Promise<string> {
  const payload = { iss: issuer, sub: 'alice', aud: 'rp', exp: now / 1000 + 60, iat: now / 1000, sid: 'alice-1' };
  return new SignJWT({ ...payload, ...claims })
    .setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid: 'k', ...header })
    .sign(await importJWK(key as JWK, 'ES256'));
}

type Query = Readonly<Record<string, string>>;

/** What a browser does with our cookies: it keeps them, and sends them. */
async function visit(
  query: Query,
  method: EndSessionInput['method'] = 'GET',
  browser = jar,
): Promise<EndSessionOutcome> {
  const cookies: Cookie[] = [...browser].map(([name, value]) => ({ name, value }));
  const parameters = Object.entries(query).map(([name, value]) => ({ name, value }));
  const outcome = await endSession({ method, parameters, cookies, secure: true }, tools);
  for (const { name, value } of outcome.cookies) {
    if (value === '') browser.delete(name);
    else browser.set(name, value);
  }
  return outcome;
}

function challengeOf(outcome: EndSessionOutcome): string {
  if (outcome.kind === 'confirm') return outcome.challenge;
  expect(outcome.kind).toBe('redirect');
  const url = new URL(outcome.kind === 'redirect' ? outcome.location : '');
  expect(`${url.origin}${url.pathname}`).toBe(logoutUrl);
  return url.searchParams.get('logout_challenge') ?? '';
}

async function accept(challenge: string): Promise<Query> {
  const accepted = await acceptLogoutRequest(challenge, tools);
  if (accepted === undefined || accepted === 'decided') throw new Error('the request was not accepted');
  return Object.fromEntries(new URL(accepted.redirectTo).searchParams);
}

const isLive = async (sid = 'alice-1') => (await sessions.find(sid)) !== undefined;
const told = async () => (await outbox.list({ kinds: [backchannelLogoutKind], after: '', limit: 0 })).length;

async function expectRefused(outcome: EndSessionOutcome): Promise<void> {
  expect(outcome).toMatchObject({ kind: 'error-page', error: { code: 'invalid_request' } });
  expect(outcome).not.toHaveProperty('location');
  expect(await isLive()).toBe(true);
  expect(await told()).toBe(0);
}

describe('a logout that a client asks for', () => {
  it('goes to the app, ends the session on its word, and brings the browser to the client', async () => {
    const query = { id_token_hint: await idToken(), post_logout_redirect_uri: bye, state: 'a b&c' };
    const challenge = challengeOf(await visit(query));
    expect(challenge.length).toBeLessThanOrEqual(64);
    expect(await getLogoutRequest(challenge, tools)).toMatchObject({
      kind: 'waits',
      client: { client: { id: 'rp' } },
      request: { subject: 'alice', sid: 'alice-1', rpInitiated: true },
    });
    expect(await isLive()).toBe(true);
    const outcome = await visit(await accept(challenge));
    expect(outcome).toMatchObject({ kind: 'logged-out', location: `${bye}&state=a%20b%26c` });
    expect([await isLive(), await told(), woken, [...jar.keys()]]).toEqual([false, 1, 1, []]);
  });

  it('takes an ID token that has expired', async () => {
    const challenge = challengeOf(await visit({ id_token_hint: await idToken({ exp: 1, iat: 1 }) }));
    expect(await getLogoutRequest(challenge, tools)).toMatchObject({ request: { rpInitiated: true } });
  });

  it('keeps no ID token in what it stores and shows', async () => {
    const hint = await idToken();
    const challenge = challengeOf(await visit({ id_token_hint: hint, ui_locales: 'de' }));
    const found = await getLogoutRequest(challenge, tools);
    expect(found).toMatchObject({ request: { requestUrl: `${endpoint}?ui_locales=de` } });
    expect(JSON.stringify(found)).not.toContain(hint);
  });

  it('needs nobody’s word where the client need not ask, and where there is no app and the ID token is of this session', async () => {
    const query = { id_token_hint: await idToken(), post_logout_redirect_uri: bye };
    const { logoutUrl: _none, ...settings } = tools.settings;
    tools = { ...tools, settings };
    expect(await visit(query)).toMatchObject({ kind: 'logged-out', location: bye });
    tools = { ...tools, settings: { ...settings, logoutUrl } };
    await clients.update(
      sampleClient({ id: 'rp', logout: { postLogoutRedirectUris: [bye], skipLogoutConsent: true } }),
      'keep',
    );
    await begin('alice-2', 'alice');
    const again = { ...query, id_token_hint: await idToken({ sid: 'alice-2' }) };
    expect(await visit(again)).toMatchObject({ kind: 'logged-out', location: bye });
    expect(await isLive('alice-2')).toBe(false);
  });

  it('posted from another site, comes again as a navigation, which has the cookies', async () => {
    const hint = await idToken();
    const outcome = await visit({ id_token_hint: hint, state: 's' }, 'POST', new Map());
    expect(outcome).toMatchObject({ kind: 'redirect', location: `${endpoint}?id_token_hint=${hint}&state=s` });
  });

  it('ends a session that no browser remembers, on the word of its ID token', async () => {
    await begin('unremembered', 'alice', false);
    const query = { id_token_hint: await idToken({ sid: 'unremembered' }), post_logout_redirect_uri: bye };
    const browser = new Map<string, string>();
    const outcome = await visit(await accept(challengeOf(await visit(query, 'GET', browser))), 'GET', browser);
    expect(outcome).toMatchObject({ kind: 'logged-out', location: bye });
    expect([await isLive('unremembered'), await isLive()]).toEqual([false, true]);
  });

  it('without a session only goes where the client may send it', async () => {
    const nobody = new Map<string, string>();
    const query = { id_token_hint: await idToken(), post_logout_redirect_uri: bye };
    expect(await visit(query, 'GET', nobody)).toMatchObject({ kind: 'logged-out', location: bye, frames: [] });
    expect(await visit({}, 'GET', nobody)).toMatchObject({ kind: 'logged-out', location: done });
    // Its session lives in another browser, which has not asked.
    expect(await isLive()).toBe(true);
  });

  it('names the session and the issuer in the frames that the browser loads', async () => {
    const frame = { frontchannelLogoutUri: 'https://rp.example/frame?a=b' };
    await clients.update(sampleClient({ id: 'rp', logout: frame }), 'keep');
    const outcome = await visit(await accept(challengeOf(await visit({}))));
    expect(outcome).toMatchObject({
      frames: ['https://rp.example/frame?a=b&iss=https%3A%2F%2Fop.example&sid=alice-1'],
    });
  });
});

describe('a logout that no client can answer for', () => {
  it('LO-02: has to be confirmed, and goes nowhere but to our own page', async () => {
    const queries = [{}, { client_id: 'rp' }, { client_id: 'rp', post_logout_redirect_uri: bye, state: 's' }];
    for (const [index, query] of queries.entries()) {
      await begin(`session-${index}`, 'alice');
      const challenge = challengeOf(await visit(query));
      expect(await getLogoutRequest(challenge, tools)).toMatchObject({ request: { rpInitiated: false } });
      expect(await isLive(`session-${index}`)).toBe(true);
      expect(await visit(await accept(challenge))).toMatchObject({ kind: 'logged-out', location: done });
    }
  });

  it('LO-05: by the ID token of somebody else, or of another session, has to be confirmed', async () => {
    for (const claims of [{ sub: 'bob', sid: 'bob-1' }, { sid: 'alice-0' }, { sub: 'bob', sid: undefined }]) {
      const challenge = challengeOf(await visit({ id_token_hint: await idToken(claims) }));
      expect(await getLogoutRequest(challenge, tools)).toMatchObject({
        request: { rpInitiated: false, subject: 'alice', sid: 'alice-1' },
      });
    }
    expect(await isLive()).toBe(true);
  });

  it('LO-05: is not spared the confirmation because the client skips it', async () => {
    await clients.update(sampleClient({ id: 'rp', logout: { skipLogoutConsent: true } }), 'keep');
    expect((await visit({ id_token_hint: await idToken({ sub: 'bob', sid: 'bob-1' }) })).kind).toBe('redirect');
    expect(await isLive()).toBe(true);
  });

  it('is confirmed on our own page where there is no app, by a form that works in this browser alone', async () => {
    const { logoutUrl: _none, ...settings } = tools.settings;
    tools = { ...tools, settings };
    const challenge = challengeOf(await visit({}));
    // CSRF: another site can neither read the challenge nor use one of its own.
    await expectRefused(await visit({ logout_challenge: challenge }, 'POST', new Map([['session', 'alice-1']])));
    const attacker = new Map([['session', 'alice-1']]);
    const theirs = challengeOf(await visit({}, 'GET', attacker));
    await expectRefused(await visit({ logout_challenge: theirs }, 'POST'));
    expect((await visit({ logout_challenge: challenge }, 'GET')).kind).toBe('confirm');
    expect(await isLive()).toBe(true);
    expect(await visit({ logout_challenge: challenge }, 'POST')).toMatchObject({ kind: 'logged-out', location: done });
    expect(await isLive()).toBe(false);
  });

  it('is not confirmed by posting the challenge that went to the app', async () => {
    const challenge = challengeOf(await visit({}));
    await expectRefused(await visit({ logout_challenge: challenge }, 'POST'));
  });
});

describe('what a client may not do', () => {
  it.each([
    ['another page', 'https://rp.example/other'],
    ['a query more', `${bye}&x=1`],
    ['another case', 'https://rp.example/BYE?lang=en'],
    ['a path more', 'https://rp.example/bye/?lang=en'],
    ['a page of another client', 'https://other.example/'],
    ['an open redirect', 'https://evil.example/'],
    ['a scheme-relative page', '//rp.example/bye?lang=en'],
    ['a script', 'javascript:alert(1)'],
    ['an escape', 'https://rp.example/%62ye?lang=en'],
  ])('LO-01: send the browser to %s', async (_name, uri) => {
    await expectRefused(await visit({ id_token_hint: await idToken(), post_logout_redirect_uri: uri }));
  });

  it('LO-01: send the browser to a page that was taken from it meanwhile', async () => {
    const challenge = challengeOf(await visit({ id_token_hint: await idToken(), post_logout_redirect_uri: bye }));
    await clients.update(sampleClient({ id: 'rp' }), 'keep');
    expect(await visit(await accept(challenge))).toMatchObject({ kind: 'logged-out', location: done });
  });

  const unsigned = () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const claims = { iss: issuer, sub: 'alice', aud: 'rp', exp: 1, iat: 1, sid: 'alice-1' };
    return `${part({ alg: 'none', typ: 'JWT' })}.${part(claims)}.`;
  };
  const logoutEvent = { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } };
  it.each<[string, () => string | Promise<string>]>([
    ['nothing', () => 'x'],
    ['an unsigned one', unsigned],
    ['one of a foreign key', () => idToken({}, {}, foreign)],
    ['one of another issuer', () => idToken({ iss: 'https://evil.example' })],
    ['one that was changed', async () => (await idToken()).replace(/\.[^.]+\./, (part) => `${part.slice(0, -2)}A.`)],
    ['one for a client that is not known', () => idToken({ aud: 'gone' })],
    ['userinfo, which has no exp', () => idToken({ exp: undefined })],
    ['a logout token', () => idToken(logoutEvent, { typ: 'logout+jwt' })],
    ['an access token', () => idToken({}, { typ: 'at+jwt' })],
  ])('LO-03: show as its ID token %s', async (_name, hint) => {
    await expectRefused(await visit({ id_token_hint: await hint(), post_logout_redirect_uri: bye }));
  });

  it('show the ID token of another client', async () => {
    const hint = await idToken();
    await expectRefused(await visit({ id_token_hint: hint, client_id: 'other' }));
    const uri = 'https://other.example/';
    await expectRefused(await visit({ id_token_hint: hint, client_id: 'other', post_logout_redirect_uri: uri }));
  });

  it('say a thing twice', async () => {
    const parameters = [1, 2].map((n) => ({ name: 'state', value: String(n) }));
    const outcome = await endSession({ method: 'GET', parameters, cookies: [], secure: true }, tools);
    await expectRefused(outcome);
  });
});

describe('the return from the app', () => {
  it('works once', async () => {
    const verifier = await accept(challengeOf(await visit({})));
    const browser = new Map(jar);
    const both = await Promise.all([visit(verifier, 'GET', new Map(jar)), visit(verifier, 'GET', new Map(jar))]);
    expect(both.map(({ kind }) => kind).sort()).toEqual(['error-page', 'logged-out']);
    expect((await visit(verifier, 'GET', browser)).kind).toBe('error-page');
    expect(await told()).toBe(1);
  });

  it('works in no other browser', async () => {
    const verifier = await accept(challengeOf(await visit({})));
    const other = new Map([['session', 'alice-1']]);
    await expectRefused(await visit(verifier, 'GET', other));
    await visit({}, 'GET', other);
    await expectRefused(await visit(verifier, 'GET', other));
    expect((await visit(verifier)).kind).toBe('logged-out');
  });

  it.each<[string, (challenge: string) => string | Promise<string>]>([
    [
      'an undecided request',
      (challenge) =>
        tools.challenges.write('logout_verifier', tools.challenges.read('logout_challenge', challenge) ?? ''),
    ],
    ['a challenge', (challenge) => challenge],
    ['garbage', () => 'x'.repeat(64)],
    [
      'a verifier of something else',
      (challenge) =>
        tools.challenges.write('login_verifier', tools.challenges.read('logout_challenge', challenge) ?? ''),
    ],
    [
      'a request that was never made',
      () => tools.challenges.write('logout_verifier', createHash('sha256').digest('base64url')),
    ],
    [
      'a rejected request',
      async (challenge) => {
        expect(await rejectLogoutRequest(challenge, tools)).toBe('rejected');
        return tools.challenges.write('logout_verifier', tools.challenges.read('logout_challenge', challenge) ?? '');
      },
    ],
  ])('does not work with %s', async (_name, textOf) => {
    const challenge = challengeOf(await visit({}));
    await expectRefused(await visit({ logout_verifier: await textOf(challenge) }));
  });

  it('comes too late after ten minutes', async () => {
    const verifier = await accept(challengeOf(await visit({})));
    now += 600_001;
    await expectRefused(await visit(verifier));
  });

  it('ends the session that was asked about, not the one of somebody who logged in since', async () => {
    const verifier = await accept(challengeOf(await visit({})));
    await begin('bob-1', 'bob');
    expect((await visit(verifier)).kind).toBe('logged-out');
    expect([await isLive('alice-1'), await isLive('bob-1'), jar.get('session')]).toEqual([false, true, 'bob-1']);
  });
});

describe('the app', () => {
  it('decides a request once, and learns that it did', async () => {
    const challenge = challengeOf(await visit({}));
    await accept(challenge);
    expect(await acceptLogoutRequest(challenge, tools)).toBe('decided');
    expect(await rejectLogoutRequest(challenge, tools)).toBe('decided');
    expect(await getLogoutRequest(challenge, tools)).toEqual({ kind: 'handled', redirectTo: endpoint });
  });

  it('knows no other challenge, and none that our own page asks about', async () => {
    expect(await getLogoutRequest('x', tools)).toBeUndefined();
    const { logoutUrl: _none, ...settings } = tools.settings;
    tools = { ...tools, settings };
    const challenge = challengeOf(await visit({}));
    expect(await getLogoutRequest(challenge, tools)).toBeUndefined();
    expect(await acceptLogoutRequest(challenge, tools)).toBeUndefined();
    expect(await rejectLogoutRequest(challenge, tools)).toBeUndefined();
  });

  it('is asked about one session so many times and no more', async () => {
    for (let index = 0; index < 16; index++) challengeOf(await visit({}));
    expect(await visit({})).toMatchObject({ kind: 'error-page', error: { code: 'temporarily_unavailable' } });
  });
});
