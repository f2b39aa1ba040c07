import axe, { type AxeResults } from 'axe-core';
import { mkdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startChromium } from './chromium.js';
import { type ConsentApp, startOurConsentApp } from './consent-app.js';
import { send } from './http.js';
import { freePorts } from './ports.js';
import { makeDatabase, migrateSql, type Product, type ProductDatabase, rootToken, startProduct } from './product.js';
import { workspace } from './program.js';

/** Screenshots are kept when asked: `KEEP_SCREENSHOTS=1 npx vitest run apps/e2e/src/consent-pages.test.ts`. */
const images = process.env['KEEP_SCREENSHOTS'] === '1' ? path.join(workspace, 'docs/images') : undefined;

const schemes = ['light', 'dark'] as const;
const sizes = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 800 } } as const;

/** Where pages are looked at: the screenshots of the standard language are the ones kept. */
type View = { readonly page: Page; readonly language: string };

/** What is wrong with a page as it is shown now: rule and element of axe, and what reaches over the edge. */
async function problemsOf(page: Page): Promise<readonly string[]> {
  // Evaluated by the debugger, which the Content-Security-Policy of the page does not bind.
  await page.evaluate(axe.source);
  const { violations, passes } = await page.evaluate<AxeResults>('axe.run(document)');
  expect(passes.map(({ id }) => id)).toContain('color-contrast');
  const wide = await page.evaluate<number>('document.documentElement.scrollWidth - window.innerWidth');
  return [
    ...violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id} ${target.join(' ')} ${failureSummary ?? ''}`),
    ),
    ...(wide > 0 ? [`${wide}px wider than the window`] : []),
  ];
}

/** Looks at a page in both schemes and both sizes. */
async function look({ page, language }: View, name: string): Promise<void> {
  expect(await page.getAttribute('html', 'lang')).toBe(language);
  for (const colorScheme of schemes) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    for (const [size, viewport] of Object.entries(sizes)) {
      const view = `${name}-${size}-${colorScheme}`;
      await page.setViewportSize(viewport);
      expect(await problemsOf(page), view).toEqual([]);
      if (images === undefined || language !== 'en') continue;
      await page.screenshot({ path: path.join(images, `${view}.png`), fullPage: true });
    }
  }
}

describe('the pages of the consent app in a real browser', () => {
  let database: ProductDatabase;
  let product: Product;
  let consent: ConsentApp;
  let chromium: Browser;
  let client: Server;
  let callback: string;

  beforeAll(async () => {
    if (images !== undefined) mkdirSync(images, { recursive: true });
    const [consentPort = 0, callbackPort = 0] = await freePorts(2);
    const app = `http://localhost:${consentPort}`;
    callback = `http://localhost:${callbackPort}/callback`;
    client = createServer((_request, response) => void response.end('back at the client')).listen(callbackPort);
    database = await makeDatabase();
    await migrateSql(database.url);
    product = await startProduct({
      mode: 'host',
      databaseUrl: database.url,
      consentUrl: `${app}/consent`,
      env: {
        LOGIN_URL: `${app}/login`,
        LOGOUT_URL: `${app}/logout`,
        ERROR_URL: `${app}/error`,
        POST_LOGOUT_REDIRECT_URL: `${app}/signed-out`,
      },
    });
    await registerClients();
    consent = await startOurConsentApp(product, {
      port: consentPort,
      host: 'localhost',
      client: ['consent-app', 'consent-secret'],
    });
    chromium = await startChromium();
  }, 180_000);

  afterAll(async () => {
    await chromium?.close();
    await consent?.close();
    await product?.stop();
    await database?.drop();
    client?.close();
  });

  async function registerClients(): Promise<void> {
    const bearer = await rootToken(product);
    const create = async (route: string, json: unknown): Promise<void> => {
      const answer = await send(`${product.adminUrl}${route}`, { bearer, json });
      expect(answer.status, answer.text).toBe(201);
    };
    await create('/clients', {
      id: 'consent-app',
      client_secret: 'consent-secret',
      grant_types: ['client_credentials'],
      response_types: ['token'],
      scope: 'hydra.keys.get hydra.consent',
    });
    await create('/policies', {
      id: 'consent-app-policy',
      subjects: ['consent-app'],
      effect: 'allow',
      actions: ['get', 'accept', 'reject', 'delete'],
      resources: ['rn:castellan:oauth2:auth:<.*>'],
    });
    await create('/clients', {
      id: 'some-consumer',
      client_name: 'Some Consumer',
      client_secret: 'consumer-secret',
      redirect_uris: [callback],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      scope: 'openid offline profile email hydra.clients',
      policy_uri: 'https://some-consumer.example/privacy',
      tos_uri: 'https://some-consumer.example/terms',
    });
  }

  function authorizationUrl(changes: Readonly<Record<string, string>> = {}): string {
    const query = new URLSearchParams({
      client_id: 'some-consumer',
      redirect_uri: callback,
      response_type: 'code',
      scope: 'openid offline profile email hydra.clients',
      state: 'a-state-of-the-client',
      nonce: 'a-nonce-of-the-client',
      // Asked again, though consent is remembered.
      prompt: 'consent',
      ...changes,
    });
    return `${product.publicUrl}/oauth2/auth?${query}`;
  }

  async function signIn(page: Page, password: string): Promise<void> {
    await page.fill('input[name=email]', 'dan@acme.com');
    await page.fill('input[name=password]', password);
    await page.check('label[for=remember]');
    await page.press('input[name=password]', 'Enter');
  }

  it.each(['en', 'de', 'es', 'fr'])(
    'breaks no rule of axe and does not overflow, light and dark, from welcome to signed out (%s)',
    async (language) => {
      const context = await chromium.newContext({ ignoreHTTPSErrors: true, locale: language });
      context.setDefaultTimeout(10_000);
      const page = await context.newPage();
      const view: View = { page, language };
      await page.goto(consent.url);
      await look(view, 'welcome');
      await page.goto(authorizationUrl());
      await page.waitForURL(/\/login\?login_challenge=/);
      await look(view, 'login');
      await signIn(page, 'wrong');
      await page.waitForSelector('[role=alert]');
      await look(view, 'login-refused');
      await signIn(page, 'secret');
      await page.waitForURL(/\/consent\?consent_challenge=/);
      expect(await page.locator('input[name=allowed_scopes]').count()).toBe(5);
      await look(view, 'consent');
      await page.check('label[for=remember]');
      await page.click('button[value=allow]');
      await page.waitForURL(/\/callback\?.*code=/);
      await page.goto(`${consent.url}/account`);
      expect(await page.locator('.entries li').count()).toBeGreaterThanOrEqual(2);
      await look(view, 'account');
      await page.goto(`${product.publicUrl}/oauth2/sessions/logout`);
      await page.waitForURL(/\/logout\?logout_challenge=/);
      await look(view, 'logout');
      await page.click('button[value=logout]');
      await page.waitForURL(`${consent.url}/signed-out`);
      await look(view, 'signed-out');
      await page.goto(authorizationUrl({ redirect_uri: 'https://evil.example/callback' }));
      await page.waitForURL(/\/error\?error=/);
      await look(view, 'error');
      await page.goto(`${consent.url}/login?login_challenge=never-issued`);
      await look(view, 'message');
      await context.close();
    },
    180_000,
  );
});
