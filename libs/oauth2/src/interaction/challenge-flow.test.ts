import { beforeEach, describe, expect, it } from 'vitest';
import type { AuthorizationSettings } from '../authorization/flow.js';
import type { Client } from '../client.js';
import {
  type AuthorizationHarness,
  callback,
  claimsOf,
  consentUrl,
  createAuthorizationHarness,
  issuer,
  loginUrl,
  partsOf,
  responseOf,
  startTime,
  validRequest,
} from '../testing/authorization-harness.js';
import type { AuthorizeOutcome } from '../authorization/flow.js';
import type { DecisionOutcome, DecisionTools } from './decide.js';
import { acceptConsent, findConsentRequest, rejectConsent } from './decide-consent.js';
import { acceptLogin, findLoginRequest, rejectLogin } from './decide-login.js';

const seconds = startTime / 1000;
const dayMs = 86_400_000;

type Browser = ReturnType<AuthorizationHarness['openBrowser']>;
type Changes = { readonly [name: string]: string | undefined };

let harness: AuthorizationHarness;
let browser: Browser;

async function open(settings: Partial<AuthorizationSettings> = {}, client: Partial<Client> = {}): Promise<void> {
  harness = await createAuthorizationHarness({ flow: 'challenge', ...settings });
  await harness.register({
    redirectUris: [callback],
    scopes: ['openid', 'offline', 'photos'],
    tokens: { audience: ['urn:photos', 'urn:mail'] },
    ...client,
  });
  await harness.resourceServers.put({ id: 'photos', uri: 'urn:photos', name: 'Photos', scopes: [] });
  browser = harness.openBrowser();
}

beforeEach(() => open());

function tools(): DecisionTools {
  return harness.tools;
}

function start(changes: Changes = {}, from = browser): Promise<AuthorizeOutcome> {
  return from.start({ ...validRequest, ...changes });
}

/** A parameter of the URL that an outcome sends the browser to. */
function sentWith(outcome: AuthorizeOutcome, name: string): string {
  if (outcome.kind === 'error-page') throw outcome.error;
  return new URL(outcome.location).searchParams.get(name) ?? '';
}

function loginChallenge(outcome: AuthorizeOutcome): string {
  expect('location' in outcome && outcome.location).toContain(`${loginUrl}?login_challenge=`);
  return sentWith(outcome, 'login_challenge');
}

function redirectOf(outcome: DecisionOutcome): string {
  if (outcome.kind !== 'decided') throw new Error(`not decided but ${outcome.kind}`);
  return outcome.redirectTo;
}

async function login(challenge: string, changes: Partial<Parameters<typeof acceptLogin>[1]> = {}): Promise<string> {
  const accepted = { subject: 'alice', remember: false, rememberFor: 0, extendSession: false, ...changes };
  return redirectOf(await acceptLogin(challenge, accepted, tools()));
}

function consentOf(changes: Partial<Parameters<typeof acceptConsent>[1]> = {}): Parameters<typeof acceptConsent>[1] {
  return {
    name: 'consent_challenge',
    scopes: ['openid', 'offline'],
    audience: [],
    accessTokenExtra: { a: 1 },
    idTokenExtra: { name: 'Alice' },
    remember: false,
    rememberFor: 0,
    ...changes,
  };
}

async function consent(challenge: string, changes: Parameters<typeof consentOf>[0] = {}): Promise<string> {
  return redirectOf(await acceptConsent(challenge, consentOf(changes), tools()));
}

/** The whole way of a user who logs in and grants. */
async function run(
  options: {
    readonly request?: Changes;
    readonly login?: Parameters<typeof login>[1];
    readonly consent?: Parameters<typeof consentOf>[0];
    readonly from?: Browser;
  } = {},
): Promise<AuthorizeOutcome> {
  const from = options.from ?? browser;
  const challenge = loginChallenge(await start(options.request, from));
  const atConsent = await from.follow(await login(challenge, options.login));
  if (atConsent.kind !== 'to-consent') return atConsent;
  return from.follow(await consent(sentWith(atConsent, 'consent_challenge'), options.consent));
}

const remembered = { login: { remember: true }, consent: { remember: true } };

async function loginRequest(challenge: string) {
  const found = await findLoginRequest(challenge, tools());
  if (found.kind !== 'waiting') throw new Error(found.kind);
  return found.request;
}

async function consentRequest(challenge: string) {
  const found = await findConsentRequest(challenge, 'consent_challenge', tools());
  if (found.kind !== 'waiting') throw new Error(found.kind);
  return found;
}

async function grantOf(outcome: AuthorizeOutcome) {
  expect(outcome.kind).toBe('to-client');
  return (await harness.findCode(responseOf(outcome)['code']))?.grant;
}

function errorOf(outcome: AuthorizeOutcome): string | undefined {
  return outcome.kind === 'error-page' ? `page: ${outcome.error.code}` : responseOf(outcome)['error'];
}

describe('the challenge flow', () => {
  it('goes to the login app, to the consent app and to the client with what both said', async () => {
    const first = loginChallenge(await start({ resource: 'urn:photos', ui_locales: 'de en', acr_values: 'gold' }));
    expect(first).toMatch(/^[A-Za-z0-9_-]{64}$/);
    expect(await loginRequest(first)).toMatchObject({
      requestedScope: ['openid', 'offline'],
      requestedAudience: ['urn:photos'],
      uiLocales: ['de', 'en'],
      acrValues: ['gold'],
      skip: false,
      subject: '',
      reason: 'no_session',
    });
    harness.advance(5_000);
    const verifier = await login(first, { acr: 'gold', amr: ['pwd'], context: { from: 'login' } });
    expect(verifier).toMatch(/^https:\/\/issuer\.example\/oauth2\/auth\?login_verifier=[A-Za-z0-9_-]{64}$/);
    const atConsent = await browser.follow(verifier);
    const second = sentWith(atConsent, 'consent_challenge');
    expect('location' in atConsent && atConsent.location).toContain(`${consentUrl}?consent_challenge=`);
    const { request, facts, loginChallenge: named } = await consentRequest(second);
    expect(request).toMatchObject({ skip: false, subject: 'alice' });
    expect([facts.acr, facts.amr, facts.context, named]).toEqual(['gold', ['pwd'], { from: 'login' }, first]);
    const outcome = await browser.follow(await consent(second, { scopes: ['openid'], audience: ['urn:photos'] }));
    expect(await grantOf(outcome)).toMatchObject({
      subject: 'alice',
      scopes: ['openid'],
      audience: ['urn:photos'],
      accessTokenExtra: { a: 1 },
      idTokenExtra: { name: 'Alice', acr: 'gold', amr: ['pwd'] },
      authTime: seconds + 5,
      sid: request.sessionId,
      nonce: validRequest['nonce'],
    });
    expect(responseOf(outcome)).toMatchObject({ state: validRequest['state'], iss: issuer });
    expect(browser.jar.size).toBe(0);
  });

  it('puts acr, amr, sid and auth_time into the ID token, and no sid that the app made up', async () => {
    await open({}, { responseTypes: ['id_token'], grantTypes: ['implicit'] });
    const outcome = await run({
      request: { response_type: 'id_token' },
      login: { acr: 'gold', amr: ['pwd', 'otp'] },
      consent: { idTokenExtra: { sid: 'made-up', email: 'a@b.c', acr: 'platinum' } },
    });
    const claims = claimsOf(responseOf(outcome)['id_token'] ?? '');
    expect(claims).toMatchObject({ acr: 'gold', amr: ['pwd', 'otp'], auth_time: seconds, email: 'a@b.c' });
    expect(claims['sid']).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('runs several times at once in one browser', async () => {
    const challenges = [loginChallenge(await start()), loginChallenge(await start({ state: 'second-state' }))];
    const [one = '', two = ''] = challenges;
    const second = await browser.follow(await login(two));
    const first = await browser.follow(await login(one));
    const done = await browser.follow(await consent(sentWith(second, 'consent_challenge')));
    expect(responseOf(done)['state']).toBe('second-state');
    const other = await browser.follow(await consent(sentWith(first, 'consent_challenge')));
    expect(responseOf(other)['state']).toBe(validRequest['state']);
  });

  it('tells a pairwise client the subject that the login app chose, and others the subject', async () => {
    const forced = { forceSubjectIdentifier: 'chosen' };
    expect(await grantOf(await run({ login: forced }))).not.toHaveProperty('subjectIdentifier');
    await open({}, { openid: { subjectType: 'pairwise' } });
    expect(await grantOf(await run({ login: forced }))).toMatchObject({
      subject: 'alice',
      subjectIdentifier: 'chosen',
    });
  });
});

describe('a login session', () => {
  it('lets the app skip, keeps the time of the login, and its sid', async () => {
    const grant = await grantOf(await run(remembered));
    harness.advance(60_000);
    const challenge = loginChallenge(await start());
    expect(await loginRequest(challenge)).toMatchObject({
      skip: true,
      subject: 'alice',
      sessionId: grant?.sid,
      reason: '',
    });
    const again = await browser.follow(await login(challenge));
    const second = sentWith(again, 'consent_challenge');
    expect((await consentRequest(second)).request.skip).toBe(true);
    expect(await grantOf(await browser.follow(await consent(second)))).toMatchObject({
      sid: grant?.sid,
      authTime: seconds,
      consentId: grant?.consentId,
    });
  });

  it('takes no other subject while it lasts', async () => {
    await run(remembered);
    const challenge = loginChallenge(await start());
    await expect(login(challenge, { subject: 'mallory' })).rejects.toThrow('subject must be that of the login session');
  });

  it('is not remembered unless the app says so', async () => {
    await run();
    expect(await loginRequest(loginChallenge(await start()))).toMatchObject({ skip: false, reason: 'no_session' });
  });

  it('LO-09: gets a cookie that nobody held before at each login, and the old cookie is dead', async () => {
    await run(remembered);
    const before = browser.jar.get('__Host-castellan_session');
    await run({ request: { prompt: 'login' }, ...remembered });
    const after = browser.jar.get('__Host-castellan_session');
    expect(after).not.toBe(before);
    const thief = harness.openBrowser();
    thief.jar.set('__Host-castellan_session', before ?? '');
    expect(await loginRequest(loginChallenge(await start({}, thief)))).toMatchObject({ skip: false });
  });

  it('ends when somebody else logs in in its browser', async () => {
    const alice = await grantOf(await run(remembered));
    const bob = await grantOf(await run({ request: { prompt: 'login' }, login: { remember: true, subject: 'bob' } }));
    expect(bob?.sid).not.toBe(alice?.sid);
    expect(await harness.sessions.find(alice?.sid ?? '')).toBeUndefined();
    expect(await harness.sessions.find(bob?.sid ?? '')).toMatchObject({ subject: 'bob' });
  });

  it('expires after the time that the app says, at most after that of the server', async () => {
    await run({ login: { remember: true, rememberFor: 3600 } });
    harness.advance(3_600_000);
    expect(await loginRequest(loginChallenge(await start()))).toMatchObject({ skip: false });
    await run({ login: { remember: true, rememberFor: 315_360_000 } });
    harness.advance(30 * dayMs);
    expect(await loginRequest(loginChallenge(await start()))).toMatchObject({ skip: false });
  });

  it.each([
    ['prompt=login', { prompt: 'login' }, 'prompt_login'],
    ['prompt=select_account', { prompt: 'select_account' }, 'prompt_select_account'],
    ['a max_age that is over', { max_age: '59' }, 'max_age'],
    ['max_age=0', { max_age: '0' }, 'max_age'],
  ])('does not do for %s: the login is new', async (_, request, reason) => {
    await run(remembered);
    harness.advance(60_000);
    const challenge = loginChallenge(await start(request));
    expect(await loginRequest(challenge)).toMatchObject({ skip: false, subject: '', reason });
    const atConsent = await browser.follow(await login(challenge));
    const outcome = await browser.follow(await consent(sentWith(atConsent, 'consent_challenge')));
    expect((await grantOf(outcome))?.authTime).toBe(seconds + 60);
  });

  it('that ended meanwhile is not used, and a consent given in it buys nothing', async () => {
    const grant = await grantOf(await run(remembered));
    const first = await login(loginChallenge(await start()));
    const waiting = await browser.follow(await login(loginChallenge(await start())));
    const late = await consent(sentWith(waiting, 'consent_challenge'));
    await harness.sessions.end({ sid: grant?.sid ?? '' }, { revokeTokens: false });
    expect(errorOf(await browser.follow(first))).toBe('login_required');
    expect(errorOf(await browser.follow(late))).toBe('access_denied');
  });
});

describe('prompt=none', () => {
  const none = { prompt: 'none' };

  it('is login_required without a session, and with one that is too old', async () => {
    expect(errorOf(await start(none))).toBe('login_required');
    await run(remembered);
    harness.advance(60_000);
    expect(errorOf(await start({ ...none, max_age: '30' }))).toBe('login_required');
  });

  it('CF-25: is consent_required without a remembered consent, and when more is asked for', async () => {
    await run({ login: { remember: true } });
    expect(errorOf(await run({ request: none }))).toBe('consent_required');
    await run(remembered);
    expect(errorOf(await run({ request: { ...none, scope: 'openid photos' } }))).toBe('consent_required');
    expect(errorOf(await run({ request: { ...none, resource: 'urn:photos' } }))).toBe('consent_required');
  });

  it('succeeds with both', async () => {
    await run(remembered);
    expect(await grantOf(await run({ request: none }))).toMatchObject({ subject: 'alice' });
  });

  it('CF-21: is refused together with another prompt', async () => {
    expect(errorOf(await start({ prompt: 'none login' }))).toBe('invalid_request');
  });
});

describe('the audience of a request, as Hydra has it', () => {
  it('is shown to the apps, granted by them, and kept with the grant', async () => {
    const atLogin = loginChallenge(await start({ audience: 'urn:mail urn:photos' }));
    expect((await loginRequest(atLogin)).requestedAudience).toEqual(['urn:mail', 'urn:photos']);
    const atConsent = sentWith(await browser.follow(await login(atLogin)), 'consent_challenge');
    expect((await consentRequest(atConsent)).request.requestedAudience).toEqual(['urn:mail', 'urn:photos']);
    const outcome = await browser.follow(await consent(atConsent, { audience: ['urn:mail'] }));
    expect(await grantOf(outcome)).toMatchObject({ audience: ['urn:mail'], unregisteredAudience: ['urn:mail'] });
  });

  it('of a resource server ends with that', async () => {
    const grant = await grantOf(
      await run({ request: { audience: 'urn:photos' }, consent: { audience: ['urn:photos'] } }),
    );
    expect(grant).toMatchObject({ audience: ['urn:photos'] });
    expect(grant).not.toHaveProperty('unregisteredAudience');
  });

  it('is refused to the client where it is not registered for it, or needs a resource server', async () => {
    expect(errorOf(await start({ audience: 'urn:other' }))).toBe('invalid_target');
    const asked = { request: { resource: 'urn:mail' }, consent: { audience: ['urn:mail'] } };
    expect(errorOf(await run(asked))).toBe('invalid_target');
  });

  it('is not read where it is switched off', async () => {
    await open({ audienceParameter: 'ignore' });
    const atLogin = loginChallenge(await start({ audience: 'urn:other urn:mail' }));
    expect((await loginRequest(atLogin)).requestedAudience).toEqual([]);
  });
});

describe('a remembered consent', () => {
  async function skips(request: Changes = {}): Promise<boolean> {
    const atConsent = await browser.follow(await login(loginChallenge(await start(request))));
    return (await consentRequest(sentWith(atConsent, 'consent_challenge'))).request.skip;
  }

  it.each([
    ['less', { scope: 'openid' }, true],
    ['more', { scope: 'openid offline photos' }, false],
    ['another resource', { resource: 'urn:mail' }, false],
    ['another audience', { audience: 'urn:mail' }, false],
    ['the same with prompt=consent', { prompt: 'consent' }, false],
  ])('for what was granted answers a request for %s: skip %s', async (_, request, skip) => {
    await run(remembered);
    expect(await skips(request)).toBe(skip);
  });

  it('CF-27: is asked again of a public client that another program could pass for', async () => {
    const redirect = {
      redirect_uri: 'com.example.app:/cb',
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      code_challenge_method: 'S256',
    };
    await open({}, { public: true, redirectUris: ['com.example.app:/cb'] });
    await run({ ...remembered, request: redirect });
    expect(await skips(redirect)).toBe(false);
  });

  it('is not needed for a client that the operator trusts', async () => {
    await open({}, { loginConsent: { skipConsent: true } });
    expect(await skips()).toBe(true);
    expect(await skips({ prompt: 'consent' })).toBe(false);
  });

  it('is listed with what the app saw and said, and its revocation ends what came of it', async () => {
    const grant = await grantOf(await run({ consent: { remember: true, context: { kept: 1 } } }));
    const [listed] = await harness.consents.list({ subject: 'alice' }, { limit: 10 });
    expect(listed).toMatchObject({
      id: grant?.consentId,
      sid: grant?.sid,
      scopes: ['openid', 'offline'],
      details: { request: { subject: 'alice', requested_scope: ['openid', 'offline'] }, context: { kept: 1 } },
    });
    expect(await harness.consents.revoke({ id: grant?.consentId ?? '' })).toBe(1);
    expect(await harness.consents.findRemembered('alice', listed?.clientUid ?? '')).toEqual([]);
  });
});

describe('a decision of an app', () => {
  it('CF-30: counts once: the second is a conflict, whatever it says', async () => {
    const challenge = loginChallenge(await start());
    const refusal = { error: '', description: '', hint: '', debug: '', statusCode: 0 };
    const both = await Promise.all([
      acceptLogin(challenge, { subject: 'alice', remember: false, rememberFor: 0, extendSession: false }, tools()),
      rejectLogin(challenge, refusal, tools()),
    ]);
    expect(both.map(({ kind }) => kind).sort()).toEqual(['conflict', 'decided']);
    expect(await findLoginRequest(challenge, tools())).toMatchObject({ kind: 'handled' });
  });

  it('says where to start anew once it is taken, also after the end', async () => {
    const challenge = loginChallenge(await start());
    const atConsent = await browser.follow(await login(challenge));
    const second = sentWith(atConsent, 'consent_challenge');
    await browser.follow(await consent(second));
    for (const found of [
      await findLoginRequest(challenge, tools()),
      await findConsentRequest(second, 'consent_challenge', tools()),
    ]) {
      if (found.kind !== 'handled') throw new Error(found.kind);
      expect(Object.fromEntries(new URL(found.redirectTo).searchParams)).toEqual(validRequest);
    }
  });

  it.each([
    ['unknown', () => 'A'.repeat(64)],
    ['no challenge', () => "' OR 1=1"],
    ['a challenge of the other kind', (challenge: string) => challenge],
  ])('about an unknown request is unknown: %s', async (_, make) => {
    const challenge = loginChallenge(await start());
    expect(await findConsentRequest(make(challenge), 'consent_challenge', tools())).toEqual({ kind: 'unknown' });
    expect(await acceptConsent(make(challenge), consentOf(), tools())).toEqual({ kind: 'unknown' });
  });

  it('comes too late for a request that expired', async () => {
    const challenge = loginChallenge(await start());
    harness.advance(600_000);
    expect(
      await rejectLogin(challenge, { error: '', description: '', hint: '', debug: '', statusCode: 0 }, tools()),
    ).toEqual({
      kind: 'unknown',
    });
  });

  it.each([
    ['no subject', { subject: '' }, 'subject is empty'],
    ['a subject that is the id of a client', { subject: 'conf' }, 'subject is the id of a client'],
    ['a subject with a control character', { subject: 'a\u0000b' }, 'not allowed'],
    ['a negative time', { rememberFor: -1 }, 'remember_for'],
    ['a context that is too large', { context: 'x'.repeat(9_000) }, 'context is larger'],
    ['too many methods', { amr: Array.from({ length: 21 }, () => 'x') }, 'at most 20'],
  ])('is refused and leaves the request open: %s', async (_, changes, message) => {
    const challenge = loginChallenge(await start());
    await expect(login(challenge, changes)).rejects.toThrow(message);
    expect(await findLoginRequest(challenge, tools())).toMatchObject({ kind: 'waiting' });
  });

  it.each([
    ['a scope that was not requested', { scopes: ['openid', 'photos'] }, 'grant_scope'],
    ['a resource that was not requested', { audience: ['urn:mail'] }, 'grant_access_token_audience'],
    ['claims that are too large', { idTokenExtra: { x: 'x'.repeat(9_000) } }, 'session.id_token'],
  ])('never widens: %s', async (_, changes, message) => {
    const atConsent = await browser.follow(await login(loginChallenge(await start())));
    const challenge = sentWith(atConsent, 'consent_challenge');
    await expect(consent(challenge, changes)).rejects.toThrow(message);
  });

  it.each([
    [
      'its own words',
      { error: 'user_blocked', description: 'Blocked', hint: 'for "now"' },
      'user_blocked',
      'Blocked for ?now?',
    ],
    ['none', { error: '', description: '', hint: '' }, 'access_denied', undefined],
  ])('to refuse reaches the client in the words of the app: %s', async (_, words, error, text) => {
    const rejection = { ...words, debug: 'secret', statusCode: 403 };
    const challenge = loginChallenge(await start());
    const refused = await browser.follow(redirectOf(await rejectLogin(challenge, rejection, tools())));
    expect(partsOf(refused).target).toBe(callback);
    expect(responseOf(refused)).toEqual({
      error,
      ...(text !== undefined ? { error_description: text } : {}),
      state: validRequest['state'],
      iss: issuer,
    });
    const atConsent = await browser.follow(await login(loginChallenge(await start())));
    const second = sentWith(atConsent, 'consent_challenge');
    const denied = redirectOf(await rejectConsent(second, { ...rejection, name: 'consent_challenge' }, tools()));
    expect(errorOf(await browser.follow(denied))).toBe(error);
  });
});

describe('a verifier', () => {
  it('CF-03 CF-05 CF-19: is of no use in another browser, and the user can still go on', async () => {
    const verifier = await login(loginChallenge(await start()));
    const stranger = harness.openBrowser();
    expect(errorOf(await stranger.follow(verifier))).toBe('page: invalid_request');
    await start({}, stranger);
    expect(errorOf(await stranger.follow(verifier))).toBe('page: invalid_request');
    expect((await browser.follow(verifier)).kind).toBe('to-consent');
  });

  it('CF-18: is of no use with the cookie of another request under its name', async () => {
    const challenge = loginChallenge(await start());
    const [name = ''] = browser.jar.keys();
    const stranger = harness.openBrowser();
    await start({}, stranger);
    stranger.jar.set(name, [...stranger.jar.values()][0] ?? '');
    expect(errorOf(await stranger.follow(await login(challenge)))).toBe('page: invalid_request');
  });

  it('CF-01: is spent once: a replay changes nothing, and the first goes on', async () => {
    const verifier = await login(loginChallenge(await start()));
    const answers = await Promise.all([browser.follow(verifier), browser.follow(verifier)]);
    expect(answers.filter(({ kind }) => kind === 'to-consent')).toHaveLength(1);
    const [won] = answers.filter(({ kind }) => kind === 'to-consent');
    expect(errorOf(await browser.follow(verifier))).toBe('page: invalid_request');
    const back = await consent(sentWith(won ?? answers[0], 'consent_challenge'));
    expect((await browser.follow(back)).kind).toBe('to-client');
    expect(errorOf(await browser.follow(back))).toBe('page: invalid_request');
  });

  it.each([
    [
      'before any decision',
      async () => harness.tools.challenges.write('login_verifier', await pendingId()),
      'login_verifier',
    ],
    [
      'of consent before the login',
      async () => harness.tools.challenges.write('consent_verifier', await pendingId()),
      'consent_verifier',
    ],
    [
      'that is the challenge',
      async () => harness.tools.challenges.write('login_challenge', await pendingId()),
      'login_verifier',
    ],
    ['that is made up', async () => 'A'.repeat(64), 'login_verifier'],
  ])('%s is refused on our page', async (_, make, name) => {
    const text = await make();
    expect(errorOf(await browser.follow(`${issuer}/oauth2/auth?${name}=${text}`))).toBe('page: invalid_request');
  });

  it('is not replaced by a signed response of the 0.9 flow', async () => {
    const id = await pendingId();
    const challenge = { jti: id, aud: 'conf', exp: seconds + 60, scp: ['openid'], redir: '' };
    const query = new URLSearchParams(
      Object.entries(validRequest).map(([name, value]): [string, string] => [name, value ?? '']),
    );
    const outcome = await browser.follow(`${issuer}/oauth2/auth?${query}&consent=${harness.respond(challenge)}`);
    expect(errorOf(outcome)).toBe('access_denied');
  });

  async function pendingId(): Promise<string> {
    const challenge = loginChallenge(await start());
    return harness.tools.challenges.read('login_challenge', challenge) ?? '';
  }
});

describe('a hint of who shall log in', () => {
  async function hintFor(subject: string): Promise<string> {
    const { idTokenSigner } = harness.tools;
    const claims = { iss: issuer, aud: 'conf', sub: subject, iat: seconds, exp: seconds + 60 };
    return (await idTokenSigner.sign(claims)).jws;
  }

  it('reaches the login app with its claims', async () => {
    const challenge = loginChallenge(await start({ id_token_hint: await hintFor('alice'), login_hint: 'alice@b.c' }));
    expect(await loginRequest(challenge)).toMatchObject({ hintClaims: { sub: 'alice' }, loginHint: 'alice@b.c' });
  });

  it('makes a session of somebody else useless, and a login as somebody else', async () => {
    await run(remembered);
    const hint = await hintFor('bob');
    expect(errorOf(await start({ id_token_hint: hint, prompt: 'none' }))).toBe('login_required');
    const challenge = loginChallenge(await start({ id_token_hint: hint }));
    expect(await loginRequest(challenge)).toMatchObject({ skip: false, reason: 'id_token_hint' });
    expect(errorOf(await browser.follow(await login(challenge, { subject: 'mallory' })))).toBe('login_required');
  });
});

describe('pending requests', () => {
  it('CF-33: are bounded per client, and per address for others not to be locked out', async () => {
    await open({ pendingRequestsPerAddress: 3 });
    const attacker = harness.openBrowser(true, '192.0.2.1');
    for (let count = 0; count < 3; count++) expect((await start({}, attacker)).kind).toBe('to-consent');
    expect(errorOf(await start({}, attacker))).toBe('temporarily_unavailable');
    expect((await start({}, harness.openBrowser(true, '192.0.2.2'))).kind).toBe('to-consent');
  });
});

describe('the flow of Hydra 0.10 and 0.11', () => {
  beforeEach(() => open({ flow: 'consent-request' }));

  async function request() {
    const outcome = await start();
    const id = sentWith(outcome, 'consent');
    const found = await findConsentRequest(id, 'consent_request', tools());
    if (found.kind !== 'waiting') throw new Error(found.kind);
    return { id, redirectTo: found.redirectTo };
  }

  const granted = () => consentOf({ name: 'consent_request', subject: 'alice', scopes: ['openid'] });

  it('asks one app for login and consent, and returns with its csrf value', async () => {
    const { id, redirectTo } = await request();
    expect(redirectTo).toMatch(/\?consent=[A-Za-z0-9_-]{64}&consent_csrf=[A-Za-z0-9_-]{64}$/);
    harness.advance(5_000);
    expect((await acceptConsent(id, granted(), tools())).kind).toBe('decided');
    const grant = await grantOf(await browser.follow(redirectTo));
    expect(grant).toMatchObject({ subject: 'alice', scopes: ['openid'], authTime: seconds + 5 });
    expect(grant).not.toHaveProperty('sid');
  });

  it('buys nothing before it is accepted, in another browser, or with another csrf value', async () => {
    const { id, redirectTo } = await request();
    expect(errorOf(await browser.follow(redirectTo))).toBe('page: invalid_request');
    await acceptConsent(id, granted(), tools());
    expect(errorOf(await harness.openBrowser().follow(redirectTo))).toBe('page: invalid_request');
    const other = await request();
    const mixed = `${redirectTo.split('&')[0]}&${other.redirectTo.split('&')[1]}`;
    expect(errorOf(await browser.follow(mixed))).toBe('page: invalid_request');
    expect((await browser.follow(redirectTo)).kind).toBe('to-client');
  });

  it('refuses a decision without a subject, and one in the words of the other flow', async () => {
    const { id } = await request();
    await expect(acceptConsent(id, { ...granted(), subject: '' }, tools())).rejects.toThrow('subject is empty');
    expect(await acceptConsent(id, consentOf(), tools())).toEqual({ kind: 'unknown' });
  });

  it('is chosen for one client where its registration says so', async () => {
    await open({ flow: 'jwt' }, { loginConsent: { flow: 'challenge' } });
    loginChallenge(await start());
    await open({ flow: 'challenge' }, { loginConsent: { flow: 'jwt' } });
    expect(sentWith(await start(), 'challenge')).toMatch(/\./);
  });
});
