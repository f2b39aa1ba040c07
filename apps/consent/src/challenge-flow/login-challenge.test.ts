import { describe, expect, it } from 'vitest';
import { formOf, openBrowser } from '../testing/browser.js';
import { useStage } from '../testing/stage.js';

const stage = useStage();

describe('a login request', () => {
  it('is accepted with who signed in, how, and in which browser', async () => {
    stage.loginRequest('l1');
    const page = await stage.browser.open('/login?login_challenge=l1');
    expect(page.html).toContain('to continue to <strong>Some Consumer</strong>');
    const answer = await stage.submitLogin(page);
    expect([answer.status, answer.url]).toEqual([303, stage.verifier('login', 'l1')]);
    expect(stage.server.challenges.decisions).toEqual([
      {
        call: 'login/accept',
        challenge: 'l1',
        body: {
          subject: 'user:12345:dandean',
          acr: '1',
          amr: ['pwd'],
          remember: true,
          remember_for: 0,
          context: { browser: expect.stringMatching(/^[\w-]{22}$/) as string },
        },
      },
    ]);
  });

  it('outlives the browser where the user wants that, for as long as the app is set to', async () => {
    stage.loginRequest('l1');
    await stage.submitLogin(await stage.browser.open('/login?login_challenge=l1'), { remember: '1' });
    expect(stage.server.challenges.decisions[0]?.body).toMatchObject({ remember: true, remember_for: 2_592_000 });
  });

  it('that may be skipped is accepted without a page, and lets nobody into the account page', async () => {
    stage.loginRequest('l1', { skip: true, subject: 'user:12345:dandean' });
    const answer = await stage.browser.open('/login?login_challenge=l1');
    expect(answer.url).toBe(stage.verifier('login', 'l1'));
    expect(stage.server.challenges.decisions[0]?.body).toMatchObject({ subject: 'user:12345:dandean' });
    expect(stage.server.challenges.decisions[0]?.body).not.toHaveProperty('remember');
    expect((await stage.browser.open('/account')).url).toContain('/login');
  });

  it('that may be skipped for somebody who is gone asks for a login, and takes nobody else', async () => {
    stage.loginRequest('l1', { skip: true, subject: 'user:gone' });
    const page = await stage.browser.open('/login?login_challenge=l1');
    expect(page.status).toBe(200);
    const answer = await stage.submitLogin(page);
    expect(answer.status).toBe(403);
    expect(answer.html).toContain('This is another account');
    expect(stage.server.challenges.decisions).toEqual([]);
    expect((await stage.browser.open('/account')).url).toContain('/login');
  });

  it('that may show nothing is rejected with login_required where somebody would have to sign in', async () => {
    stage.loginRequest('l1', { skip: true, subject: 'user:gone', request_url: stage.requestUrl({ prompt: 'none' }) });
    expect((await stage.browser.open('/login?login_challenge=l1')).url).toBe(stage.verifier('login', 'l1'));
    expect(stage.server.challenges.decisions[0]).toMatchObject({
      call: 'login/reject',
      body: { error: 'login_required' },
    });
  });

  it('asks for the password although the app has a session: the authorization server decides about sessions', async () => {
    stage.loginRequest('l1');
    await stage.submitLogin(await stage.browser.open('/login?login_challenge=l1'));
    stage.loginRequest('l2', { request_url: stage.requestUrl({ prompt: 'login' }) });
    const page = await stage.browser.open('/login?login_challenge=l2');
    expect(page.html).toContain('<strong>Some Consumer</strong> asks you to sign in again.');
  });

  it('shows who might sign in, in the language and the size that the request wants', async () => {
    stage.loginRequest('l1', {
      oidc_context: { login_hint: 'dan@acme.com', ui_locales: ['xx', 'de-CH'], display: 'popup' },
    });
    const page = await stage.browser.open('/login?login_challenge=l1');
    expect(page.html).toContain('<html lang="de">');
    expect(page.html).toContain('um mit <strong>Some Consumer</strong> fortzufahren');
    expect(page.html).toMatch(/<body class="[^"]*\bbare"/);
    expect(formOf(page, '/login').fields['email']).toBe('dan@acme.com');
  });

  it('is rejected with access_denied when the user gives up', async () => {
    stage.loginRequest('l1');
    const answer = await stage.submitLogin(await stage.browser.open('/login?login_challenge=l1'), {
      decision: 'cancel',
    });
    expect(answer.url).toBe(stage.verifier('login', 'l1'));
    expect(stage.server.challenges.decisions[0]).toMatchObject({
      call: 'login/reject',
      body: { error: 'access_denied' },
    });
  });

  it('is neither accepted nor rejected by a wrong password, nor by a form of another session or challenge', async () => {
    stage.loginRequest('l1');
    stage.loginRequest('l2');
    const page = await stage.browser.open('/login?login_challenge=l1');
    expect((await stage.submitLogin(page, { password: 'wrong' })).status).toBe(401);
    expect((await stage.submitLogin(page, { csrf: 'forged' })).status).toBe(403);
    const { csrf = '' } = formOf(await stage.browser.open('/login?login_challenge=l2'), '/login').fields;
    expect((await stage.submitLogin(page, { csrf })).status).toBe(403);
    expect((await stage.submitLogin(page, { csrf, decision: 'cancel' })).status).toBe(403);
    stage.browser = openBrowser(stage.app.url);
    await stage.browser.open('/login?login_challenge=l1');
    expect((await stage.submitLogin(page)).status).toBe(403);
    expect(stage.server.challenges.decisions).toEqual([]);
  });

  it('that is over sends the browser where the authorization server says', async () => {
    stage.loginRequest('l1');
    const page = await stage.browser.open('/login?login_challenge=l1');
    await stage.submitLogin(page);
    expect((await stage.browser.open('/login?login_challenge=l1')).url).toBe(
      `${stage.server.issuer}/oauth2/auth?again=1`,
    );
  });

  it.each([
    ['is unknown', 404, 404, 'This request is not known'],
    ['is refused by policy', 403, 403, 'rn:castellan:oauth2:auth:requests:login:&lt;.*&gt;'],
    ['meets a fault', 500, 502, 'does not understand'],
  ])('that %s makes a page that says so', async (_name, status, shown, text) => {
    stage.server.challenges.status = status;
    const page = await stage.browser.open('/login?login_challenge=l1');
    expect(page.status).toBe(shown);
    expect(page.html).toContain(text);
  });

  it('works in two tabs at the same time', async () => {
    stage.loginRequest('l1');
    stage.loginRequest('l2');
    const first = await stage.browser.open('/login?login_challenge=l1');
    const second = await stage.browser.open('/login?login_challenge=l2');
    expect((await stage.submitLogin(first)).url).toBe(stage.verifier('login', 'l1'));
    // The session is a new one since: the form says so, and works at the second try.
    expect((await stage.submitLogin(second)).status).toBe(403);
    expect((await stage.submitLogin(await stage.browser.open('/login?login_challenge=l2'))).url).toBe(
      stage.verifier('login', 'l2'),
    );
    const [one, two] = stage.server.challenges.decisions.map(({ body }) => body.context);
    expect(one).toEqual(two);
  });
});

describe('redirect_to', () => {
  it.each([
    'https://evil.example/oauth2/auth',
    'https://as.example.evil.example/',
    'https://as.example@evil.example/',
    '//evil.example',
    'javascript:alert(1)',
    'http://as.example/',
  ])('is followed to the issuer and nowhere else, not to %s', async (target) => {
    stage.loginRequest('l1');
    stage.server.challenges.redirectTo = target;
    const answer = await stage.submitLogin(await stage.browser.open('/login?login_challenge=l1'));
    expect(answer.status).toBe(502);
    expect(answer.headers.get('location')).toBeNull();
  });
});
