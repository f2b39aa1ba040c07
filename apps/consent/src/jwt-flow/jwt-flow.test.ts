import { generateKeyPair } from 'jose';
import { describe, expect, it } from 'vitest';
import { formOf } from '../testing/browser.js';
import { consentPath, decide, signIn } from '../testing/consent-visit.js';
import { useStage } from '../testing/stage.js';

const stage = useStage();

describe('the consent flow', () => {
  it('leads from the challenge over login and consent to a signed consent response, without JavaScript', async () => {
    const challenge = await stage.server.signChallenge();
    const page = await signIn(stage, challenge);
    expect(page.status).toBe(200);
    expect(page.html).toContain('Dan Dean');
    expect(page.html).toContain('some-consumer');
    expect(page.html).toContain('localhost:9010');
    expect(formOf(page, '/consent').fields['allowed_scopes']).toEqual(['openid', 'offline', 'profile', 'email']);

    stage.now += 5_000;
    const answer = await decide(stage, page, { decision: 'allow' });
    expect(answer.status).toBe(302);
    const [returnTo, consent = ''] = answer.url.split('&consent=');
    expect(returnTo).toBe(
      `${stage.server.url}/oauth2/auth?client_id=some-consumer&redirect_uri=http%3A%2F%2Flocalhost%3A9010%2Fcallback&response_type=code&scope=openid+offline+profile+email&state=abcdefghij`,
    );
    expect(await stage.server.verifyConsent(consent, stage.now)).toEqual({
      jti: '55a09353-0000-4000-8000-000000000000',
      aud: 'some-consumer',
      exp: stage.now / 1000 + 595,
      scp: ['openid', 'offline', 'profile', 'email'],
      sub: 'user:12345:dandean',
      at_ext: {},
      id_ext: { name: 'Dan Dean', nickname: 'Danny', email: 'dan@acme.com', email_verified: true },
      iat: stage.now / 1000,
      auth_time: stage.now / 1000 - 5,
    });
  });

  it('grants only what stays checked, and never what was not requested', async () => {
    const page = await signIn(stage, await stage.server.signChallenge());
    const answer = await decide(stage, page, { decision: 'allow', allowed_scopes: ['openid', 'hydra', 'profile'] });
    const claims = await stage.server.verifyConsent(answer.url.split('&consent=')[1] ?? '', stage.now);
    expect(claims['scp']).toEqual(['openid', 'profile']);
    expect(claims['id_ext']).toEqual({ name: 'Dan Dean', nickname: 'Danny' });
  });

  it('grants nothing when every scope is unchecked', async () => {
    const page = await signIn(stage, await stage.server.signChallenge());
    const answer = await decide(stage, page, { decision: 'allow', allowed_scopes: [] });
    const claims = await stage.server.verifyConsent(answer.url.split('&consent=')[1] ?? '', stage.now);
    expect(claims['scp']).toEqual([]);
    expect(claims['id_ext']).toEqual({});
  });

  it('takes a challenge that requests no scope', async () => {
    const page = await signIn(stage, await stage.server.signChallenge({ scp: null }));
    expect(page.html).toContain('no particular permission');
    expect((await decide(stage, page, { decision: 'allow' })).status).toBe(302);
  });

  it('answers a denial with consent=denied', async () => {
    const answer = await decide(stage, await signIn(stage, await stage.server.signChallenge()), { decision: 'deny' });
    expect(answer.status).toBe(302);
    expect(answer.url.endsWith('&state=abcdefghij&consent=denied')).toBe(true);
    expect(stage.server.requests).not.toContain('GET /keys/hydra.consent.response/private');
  });

  it('refuses a form without a decision', async () => {
    const answer = await decide(stage, await signIn(stage, await stage.server.signChallenge()), {});
    expect(answer.status).toBe(400);
  });

  it('does not ask a signed-in user for the password again', async () => {
    await signIn(stage, await stage.server.signChallenge());
    const page = await stage.browser.open(consentPath(await stage.server.signChallenge({ jti: 'another' })));
    expect(page.html).toContain('asks for access');
  });

  it.each([
    ['max_age', 'max_age=60', 61_000],
    ['prompt=login', 'prompt=login', 1_000],
  ])('asks again for the password when the client wants a fresh login by %s', async (_name, parameter, laterMs) => {
    await signIn(stage, await stage.server.signChallenge());
    stage.now += laterMs;
    const redir = `${stage.server.url}/oauth2/auth?client_id=some-consumer&${parameter}`;
    const challenge = await stage.server.signChallenge({ jti: 'another', redir });
    expect((await stage.browser.open(consentPath(challenge))).url).toContain('/login');
    expect((await signIn(stage, challenge)).html).toContain('asks for access');
  });

  it('signs out and back to the login for the same challenge', async () => {
    const challenge = await stage.server.signChallenge();
    const logout = formOf(await signIn(stage, challenge), '/logout');
    const page = await stage.browser.submit(logout.action, logout.fields);
    expect(page.html).toContain('Sign in');
    expect((await stage.browser.open(consentPath(challenge))).url).toContain('/login');
  });

  it('shows the error of the authorization server', async () => {
    const page = await stage.browser.open(
      '/consent?error=invalid_client&error_description=Client+authentication+failed',
    );
    expect(page.status).toBe(400);
    expect(page.html).toContain('invalid_client');
    expect(page.html).toContain('Client authentication failed');
  });
});

describe('challenges', () => {
  const cases: [string, () => Promise<string>, RegExp][] = [
    ['expired', () => stage.server.signChallenge({ exp: Math.floor(stage.now / 1000) - 31 }), /expired/],
    [
      'signed with another key',
      async () => stage.server.signChallenge({}, (await generateKeyPair('RS256')).privateKey),
      /not valid/,
    ],
    [
      'signed with another algorithm',
      async () => stage.server.signChallenge({}, (await generateKeyPair('PS256')).privateKey, 'PS256'),
      /not valid/,
    ],
    [
      'for another audience than the client in its request',
      () => stage.server.signChallenge({ aud: 'other-client' }),
      /not valid/,
    ],
    ['without an audience', () => stage.server.signChallenge({ aud: undefined }), /not valid/],
    ['without an identifier', () => stage.server.signChallenge({ jti: undefined }), /not valid/],
    ['without an expiry', () => stage.server.signChallenge({ exp: undefined }), /not valid/],
    ['leading to a script', () => stage.server.signChallenge({ redir: 'javascript:alert(1)?' }), /not valid/],
    [
      'unsigned',
      async () =>
        (await stage.server.signChallenge())
          .replace(/^[^.]*/, Buffer.from('{"alg":"none"}').toString('base64url'))
          .replace(/[^.]*$/, ''),
      /not valid/,
    ],
    ['not a JWT', async () => '"><script>alert(1)</script>', /not valid/],
  ];
  it.each(cases)('refuses one that is %s', async (_name, make, message) => {
    const page = await stage.browser.open(consentPath(await make()));
    expect(page.status).toBe(400);
    expect(page.html).toMatch(message);
    expect(page.html).not.toContain('<script');
  });

  it('refuses a doubled or missing challenge', async () => {
    expect((await stage.browser.open('/consent')).status).toBe(400);
    expect((await stage.browser.open('/consent?challenge=a&challenge=b')).status).toBe(400);
  });

  it('does not sign a response for one that expires while the page is open', async () => {
    const page = await signIn(stage, await stage.server.signChallenge());
    stage.now += 631_000;
    const answer = await decide(stage, page, { decision: 'allow' });
    expect(answer.status).toBe(400);
    expect(stage.server.requests).not.toContain('GET /keys/hydra.consent.response/private');
  });
});
