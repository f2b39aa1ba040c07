import type { ConsentRequest, LoginRequest } from '@castellan/sdk/login-consent';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { type ConsentApp, startConsentApp } from '../consent-app.js';
import type { ConsentConfig } from '../consent.config.js';
import { type Browser, formOf, openBrowser, type Page } from './browser.js';
import { consentConfig } from './consent-config.js';
import { type FakeAuthorizationServer, startFakeAuthorizationServer } from './fake-authorization-server.js';

type Fields = Readonly<Record<string, string | string[]>>;

/** What the tests of one file play on. Each test begins with an app and a browser of its own, and a server without requests. */
export type Stage = {
  readonly server: FakeAuthorizationServer;
  readonly app: ConsentApp;
  browser: Browser;
  /** The clock, in milliseconds. */
  now: number;
  /** Lines of the app's log. */
  readonly logged: string[];
  /** Starts one more app. */
  start(overrides?: Partial<ConsentConfig>): Promise<ConsentApp>;
  requestUrl(parameters?: Readonly<Record<string, string>>): string;
  loginRequest(challenge: string, members?: Partial<LoginRequest>): void;
  consentRequest(challenge: string, members?: Partial<ConsentRequest>): void;
  /** Fills in the login of a page. */
  submitLogin(page: Page, fields?: Fields): Promise<Page>;
  /** Submits the form of a page that leads to a path. */
  decide(page: Page, path: string, fields: Fields): Promise<Page>;
  /** Where the authorization server goes on with a decided request. */
  verifier(kind: string, challenge: string): string;
};

export const client = {
  client_id: 'some-consumer',
  client_name: 'Some Consumer',
  redirect_uris: ['https://app.example/callback'],
  policy_uri: 'https://app.example/privacy',
  tos_uri: 'javascript:alert(1)',
  logo_uri: 'https://tracker.example/logo.png',
};

const start = Date.UTC(2026, 10, 23, 12, 0, 0);

/** Sets the stage for the tests of the file that calls this. */
export function useStage(): Stage {
  let server: FakeAuthorizationServer;
  let app: ConsentApp;
  let browser: Browser;
  const stage: Stage = {
    now: start,
    logged: [],
    get server() {
      return server;
    },
    get app() {
      return app;
    },
    get browser() {
      return browser;
    },
    set browser(other) {
      browser = other;
    },
    start: (overrides = {}) =>
      startConsentApp(
        { ...consentConfig(server), ...overrides },
        {
          now: () => stage.now,
          log: (level, message, fields) => stage.logged.push(JSON.stringify([level, message, fields])),
        },
      ),
    requestUrl(parameters = {}) {
      const query = { client_id: 'some-consumer', redirect_uri: 'https://app.example/callback', ...parameters };
      return `${server.issuer}/oauth2/auth?${new URLSearchParams(query).toString()}`;
    },
    loginRequest(challenge, members = {}) {
      server.challenges.login.set(challenge, {
        challenge,
        client,
        request_url: stage.requestUrl(),
        requested_scope: ['openid', 'profile'],
        skip: false,
        subject: '',
        oidc_context: {},
        ...members,
      });
    },
    consentRequest(challenge, members = {}) {
      server.challenges.consent.set(challenge, {
        challenge,
        client,
        subject: 'user:12345:dandean',
        request_url: stage.requestUrl(),
        requested_scope: ['openid', 'profile', 'email', 'photos'],
        requested_access_token_audience: ['https://api.example'],
        skip: false,
        ...members,
      });
    },
    submitLogin: (page, fields = {}) =>
      stage.decide(page, '/login', { email: 'dan@acme.com', password: 'secret', ...fields }),
    async decide(page, path, fields) {
      const form = formOf(page, path);
      const { remember: _unchecked, ...proposed } = form.fields;
      return browser.submit(form.action, { ...proposed, ...fields });
    },
    verifier: (kind, challenge) => `${server.issuer}/oauth2/auth?${kind}_verifier=${challenge}`,
  };
  beforeAll(async () => {
    server = await startFakeAuthorizationServer(() => stage.now);
  });
  afterAll(() => server.close());
  beforeEach(async () => {
    stage.now = start;
    server.challenges.reset();
    server.requests.length = 0;
    Object.assign(server.behaviour, {
      tokenStatus: 200,
      challengeKeyStatus: 200,
      responseKeyStatus: 200,
      expiresIn: 3600,
    });
    stage.logged.length = 0;
    app = await stage.start();
    browser = openBrowser(app.url);
    return () => app.close();
  });
  return stage;
}
