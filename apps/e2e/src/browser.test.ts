import type { Browser, BrowserContext } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startChromium } from './chromium.js';
import { type ConsentApp, startOurConsentApp } from './consent-app.js';
import { send } from './http.js';
import { freePorts } from './ports.js';
import {
  type CommandLine,
  connectedCommandLine,
  makeDatabase,
  migrateSql,
  type Product,
  type ProductDatabase,
  rootToken,
  startProduct,
} from './product.js';

describe('the tutorial in a real browser', () => {
  let database: ProductDatabase;
  let product: Product;
  let consent: ConsentApp;
  let cli: CommandLine;
  let chromium: Browser;
  let context: BrowserContext;
  let callback: number;

  beforeAll(async () => {
    database = await makeDatabase();
    await migrateSql(database.url);
    const [consentPort = 0, callbackPort = 0] = await freePorts(2);
    callback = callbackPort;
    product = await startProduct({
      mode: 'host',
      databaseUrl: database.url,
      consentUrl: `http://localhost:${consentPort}/consent`,
    });
    cli = await connectedCommandLine(product);
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
      scope: 'hydra.keys.get',
    });
    await create('/policies', {
      id: 'consent-app-policy',
      subjects: ['consent-app'],
      effect: 'allow',
      actions: ['get'],
      resources: ['rn:hydra:keys:hydra.consent.<.*>'],
    });
    await create('/clients', {
      id: 'some-consumer',
      client_name: 'Some Consumer',
      client_secret: 'consumer-secret',
      redirect_uris: [`http://localhost:${callback}/callback`],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['token', 'code', 'id_token'],
      scope: 'openid offline hydra.clients',
    });
    consent = await startOurConsentApp(product, {
      port: consentPort,
      host: 'localhost',
      client: ['consent-app', 'consent-secret'],
    });
    chromium = await startChromium();
    context = await chromium.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1280, height: 800 } });
  }, 180_000);

  afterAll(async () => {
    await chromium?.close();
    await consent?.close();
    cli?.remove();
    await product?.stop();
    await database?.drop();
  });

  function tokenUser(scopes: string): ReturnType<CommandLine['start']> {
    return cli.start([
      'token',
      'user',
      '--skip-tls-verify',
      '--no-open',
      '--listen-port',
      String(callback),
      '--id',
      'some-consumer',
      '--secret',
      'consumer-secret',
      '--scopes',
      scopes,
      '--redirect',
      `http://localhost:${callback}/callback`,
    ]);
  }

  it('login, scope choice, and the three tokens on the page', async () => {
    const user = tokenUser('openid,offline,hydra.clients');
    const [, url = ''] = await user.until(/\t(https:\/\/\S+\/oauth2\/auth\?\S+)/);
    const page = await context.newPage();
    await page.goto(url);
    await page.fill('input[name=email]', 'dan@acme.com');
    await page.fill('input[name=password]', 'wrong');
    await page.press('input[name=password]', 'Enter');
    await page.waitForSelector('[role=alert]');
    await page.fill('input[name=email]', 'dan@acme.com');
    await page.fill('input[name=password]', 'secret');
    await page.press('input[name=password]', 'Enter');
    await page.waitForSelector('input[name=allowed_scopes]');
    expect(await page.locator('input[name=allowed_scopes]').count()).toBe(3);
    for (const box of await page.locator('input[name=allowed_scopes]').all()) await box.check();
    await page.click('button[value=allow]');
    await page.waitForURL(/\/callback/);
    const text = await page.textContent('body');
    for (const words of ['Access Token', 'Refresh Token', 'Expires in', 'ID Token']) expect(text).toContain(words);
    await page.close();
    await user.until(/ID Token:\n\t\S+/);
    expect(await user.ended).toBe(0);
  }, 180_000);

  it('refusing consent brings access_denied to the client', async () => {
    const user = tokenUser('openid');
    const [, url = ''] = await user.until(/\t(https:\/\/\S+\/oauth2\/auth\?\S+)/);
    const page = await context.newPage();
    await page.goto(url);
    if ((await page.locator('input[name=password]').count()) > 0) {
      await page.fill('input[name=email]', 'dan@acme.com');
      await page.fill('input[name=password]', 'secret');
      await page.press('input[name=password]', 'Enter');
    }
    await page.waitForSelector('button[value=deny]');
    await page.click('button[value=deny]');
    await page.waitForURL(/\/callback/);
    expect(new URL(page.url()).searchParams.get('error')).toBe('access_denied');
    await page.close();
    await user.stop('SIGINT');
  }, 180_000);

  it('an unusable redirect URI ends on our own page, without a redirect', async () => {
    const page = await context.newPage();
    const answer = await page.goto(
      `${product.publicUrl}/oauth2/auth?client_id=some-consumer&response_type=code&redirect_uri=https%3A%2F%2Fevil.example%2Fcb`,
    );
    expect(answer?.status()).toBe(400);
    expect(page.url()).toContain(product.publicUrl);
    await page.goto(consent.url);
    await page.close();
  }, 180_000);
});
