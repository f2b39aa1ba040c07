import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { OpenapiDocument } from '@castellan/service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, Browser, send } from '../http.js';
import { makeDatabase, migrateSql, type Product, type ProductDatabase, rootToken, startProduct } from '../product.js';
import { workspace } from '../program.js';
import { type Calls, clientCalls, keyCalls, policyCalls, rp } from './calls.js';
import { type Call, type DocumentedApi, documentedApi } from './documented-api.js';
import { loginWalk, type LoginWalk, redirectTo } from './login-walk.js';

// Every operation of both documents, asked on the product as it is deployed. What an operation answers is held against the
// document that the service itself serves; the last rows see to it that none was passed over.
describe('the HTTP APIs by their own documents', { timeout: 120_000 }, () => {
  let database: ProductDatabase;
  let product: Product;
  let bearer: string;
  let admin: DocumentedApi;
  let gateway: DocumentedApi;
  let walk: LoginWalk;

  beforeAll(async () => {
    database = await makeDatabase();
    await migrateSql(database.url);
    product = await startProduct({
      mode: 'services',
      databaseUrl: database.url,
      consentUrl: 'https://login.example/consent',
      env: {
        LOGIN_URL: 'https://login.example/login',
        LOGOUT_URL: 'https://login.example/logout',
        PUBLIC_OPENAPI: '1',
        ACCESS_URL: 'https://admin.example',
        DYNAMIC_REGISTRATION: 'initial-token',
        OUTBOUND_ALLOWED_NETWORKS: '127.0.0.0/8',
        OUTBOUND_ALLOWED_PORTS: '9',
        RSA_KEY_BITS: '2048',
      },
    });
    bearer = await rootToken(product);
    const read = async (origin: string): Promise<DocumentedApi> => {
      const answer = await send(`${origin}/openapi.json`);
      expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/json']);
      return documentedApi(JSON.parse(answer.text) as OpenapiDocument, origin);
    };
    [admin, gateway] = await Promise.all([read(product.adminUrl), read(product.publicUrl)]);
    walk = loginWalk(product, admin, bearer);
  }, 180_000);

  afterAll(async () => {
    await product?.stop();
    await database?.drop();
  });

  /** Calls operations of the admin API one after the other, each of which must do what it is asked for. */
  async function all(calls: Calls): Promise<Answer[]> {
    const answers: Answer[] = [];
    for (const [id, call] of calls) {
      const answer = await admin.call(id, { bearer, ...call });
      expect(answer.status, `${id}: ${answer.text}`).toBeLessThan(300);
      answers.push(answer);
    }
    return answers;
  }

  it('lets nobody in without a token where the document says so', async () => {
    const guarded = admin.operations.filter(({ security }) => security.length > 0);
    expect(guarded.length).toBeGreaterThan(100);
    for (const { operationId, security } of guarded) {
      for (const call of [{}, { bearer: 'ct_at_nothing' }]) {
        const answer = await admin.call(operationId, call);
        // Before a policy for nobody in particular exists, nobody in particular may nothing either.
        expect(answer.status, `${operationId} ${JSON.stringify(security)}`).toBe(401);
      }
    }
  });

  it('refuses in the documented form what makes no sense', async () => {
    for (const { operationId, requestBody } of admin.operations.filter(({ security }) => security.length > 0)) {
      const sense = requestBody === undefined ? [{ body: '{' }] : [{ body: '{' }, { json: [[1]] }, { json: 'text' }];
      for (const nonsense of sense) {
        const answer = await admin.call(operationId, {
          bearer,
          headers: { 'Content-Type': 'application/json' },
          ...nonsense,
          path: { id: 'no such thing', set: 'no-such-set', key: 'no-such-key', challenge: 'none' },
        });
        expect(answer.status, `${operationId} ${answer.text}`).toBeLessThan(500);
        if (requestBody !== undefined) expect(answer.status, operationId).toBeGreaterThanOrEqual(400);
      }
    }
  });

  it('administers clients, by the names of 0.9 and of 2.0', async () => {
    await all(clientCalls(walk.callback));
    const stale = { path: { id: 'rp' }, json: [], bearer, headers: { 'If-Match': '"v999"' } };
    expect((await admin.call('patchOAuth2Client', stale)).status).toBe(412);
  });

  it('keeps keys', async () => {
    await all(keyCalls());
  });

  it('keeps policies and groups, and decides', async () => {
    const begun = await all([['beginPolicyImport'], ['beginPolicyImport']]);
    const [filled = '', thrown = ''] = begun.map(({ text }) => (JSON.parse(text) as { id: string }).id);
    await all(policyCalls(bearer, filled, thrown));
  });

  it('lets apps decide login and consent, under every name that they know', async () => {
    for (const suffix of ['', 'Alias1', 'Alias2']) {
      const named = (name: string, challenge: string): Call => ({ query: { [name]: challenge }, path: { challenge } });
      const [accepted, rejected] = [await walk.loginChallenge(), await walk.loginChallenge()];
      await all([
        [`getLoginRequest${suffix}`, named('login_challenge', accepted)],
        [`acceptLoginRequest${suffix}`, { ...named('login_challenge', accepted), json: { subject: 'alice' } }],
        [`rejectLoginRequest${suffix}`, { ...named('login_challenge', rejected), json: { error: 'access_denied' } }],
      ]);
      const decided = await admin.call(`getLoginRequest${suffix}`, { bearer, ...named('login_challenge', accepted) });
      expect(decided.status).toBe(410);
      const [granted, refused] = [await walk.consentChallenge(), await walk.consentChallenge()];
      await all([
        [`getConsentRequest${suffix}`, named('consent_challenge', granted)],
        [
          `acceptConsentRequest${suffix}`,
          { ...named('consent_challenge', granted), json: { grant_scope: ['openid'] } },
        ],
        [`rejectConsentRequest${suffix}`, { ...named('consent_challenge', refused), json: {} }],
      ]);
    }
    const [granted, refused] = [await walk.consentRequest(), await walk.consentRequest()];
    await all([
      ['getLevel2ConsentRequest', { path: { id: granted } }],
      ['acceptLevel2ConsentRequest', { path: { id: granted }, json: { subject: 'alice', grantScopes: ['openid'] } }],
      ['rejectLevel2ConsentRequest', { path: { id: refused }, json: { reason: 'no' } }],
    ]);
  });

  it('gives clients tokens, and tells about them', async () => {
    const redeemed = await gateway.call('issueToken', {
      basic: rp,
      form: { grant_type: 'authorization_code', code: await walk.code(), redirect_uri: walk.callback },
    });
    const tokens = JSON.parse(redeemed.text) as Readonly<Record<string, string>>;
    const { access_token: token = '', refresh_token: refreshToken = '' } = tokens;
    await all([['explainToken', { json: { token } }]]);
    const answers = [
      await gateway.call('issueToken', {
        basic: rp,
        form: { grant_type: 'refresh_token', refresh_token: refreshToken },
      }),
      await gateway.call('issueToken', { basic: rp, form: { grant_type: 'client_credentials' } }),
      await gateway.call('introspectToken', { basic: rp, form: { token: bearer } }),
      await gateway.call('introspectToken', { basic: rp, form: { token: 'none' } }),
      await gateway.call('userinfo', { bearer: await userToken() }),
      await gateway.call('userinfoByPost', { form: { access_token: await userToken() } }),
      await gateway.call('revokeToken', { basic: rp, form: { token } }),
      await gateway.call('openidConfiguration'),
      await gateway.call('authorizationServerMetadata'),
      await gateway.call('publicKeys'),
    ];
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    const { etag = '' } = answers.at(-1)?.headers ?? {};
    expect((await gateway.call('publicKeys', { headers: { 'If-None-Match': etag } })).status).toBe(304);
    const strangers = [
      await gateway.call('issueToken', { form: { grant_type: 'client_credentials' } }),
      await gateway.call('issueToken', { basic: ['rp', 'wrong'], form: { grant_type: 'client_credentials' } }),
      await gateway.call('introspectToken', { form: { token: bearer } }),
      await gateway.call('revokeToken', { form: { token: bearer } }),
      await gateway.call('userinfo'),
      await gateway.call('userinfoByPost'),
      await gateway.call('userinfo', { bearer }),
    ];
    for (const { status } of strangers) expect([400, 401, 403]).toContain(status);
  });

  /** An access token that a user granted. */
  async function userToken(): Promise<string> {
    const redeemed = await gateway.call('issueToken', {
      basic: rp,
      form: { grant_type: 'authorization_code', code: await walk.code(), redirect_uri: walk.callback },
    });
    return (JSON.parse(redeemed.text) as { access_token: string }).access_token;
  }

  it('lets clients register themselves', async () => {
    const [made] = await all([['createInitialAccessToken', { json: { uses: 1, lifetime: '1h' } }]]);
    const { token } = JSON.parse(made?.text ?? '{}') as { token: string };
    const metadata = { redirect_uris: [walk.callback], client_name: 'By itself', contacts: ['a@example.org'] };
    for (const call of [{ json: metadata }, { bearer, json: metadata }]) {
      expect((await gateway.call('registerClient', call)).status).toBe(401);
    }
    expect((await gateway.call('registerClient', { bearer: token, json: { redirect_uris: 1 } })).status).toBe(400);
    const registered = await gateway.call('registerClient', { bearer: token, json: metadata });
    expect(registered.status).toBe(201);
    let client = JSON.parse(registered.text) as { client_id: string; registration_access_token: string };
    const path = { id: client.client_id };
    for (const id of ['readRegistration', 'updateRegistration', 'deleteRegistration']) {
      expect(
        (await gateway.call(id, { path, ...(id === 'updateRegistration' ? { json: metadata } : {}) })).status,
      ).toBe(401);
    }
    expect((await gateway.call('readRegistration', { path, bearer: client.registration_access_token })).status).toBe(
      200,
    );
    const updated = await gateway.call('updateRegistration', {
      path,
      bearer: client.registration_access_token,
      json: { ...metadata, client_id: client.client_id },
    });
    expect(updated.status).toBe(200);
    client = JSON.parse(updated.text) as typeof client;
    expect((await gateway.call('deleteRegistration', { path, bearer: client.registration_access_token })).status).toBe(
      204,
    );
  });

  it('takes browsers in, and out again', async () => {
    const query = Object.fromEntries(new URL(walk.authorizationUrl('rp')).searchParams);
    const answers = [
      await gateway.call('authorize', { query }),
      await gateway.call('authorizeByPost', { form: query }),
      await gateway.call('authorize', { query: { ...query, redirect_uri: 'https://evil.example' } }),
      await gateway.call('authorizeByPost', { form: { client_id: 'nobody' }, headers: { Accept: 'application/json' } }),
      await gateway.call('authorize', { query: { ...query, response_mode: 'form_post', scope: 'unknown' } }),
      await gateway.call('endSession'),
      await gateway.call('endSessionByPost', { form: {} }),
      await gateway.call('endSession', { query: { id_token_hint: 'x' }, headers: { Accept: 'application/json' } }),
      await gateway.call('loggedOut'),
      await gateway.call('pageStyle'),
    ];
    expect(answers.map(({ status }) => status)).toEqual([302, 303, 400, 400, 200, 302, 303, 400, 200, 200]);

    const browser = new Browser();
    await walk.code(browser, 'bob');
    const [accepted, rejected] = [await walk.logoutChallenge(browser), await walk.logoutChallenge(browser)];
    await all([
      ['getLogoutRequest', { query: { logout_challenge: accepted } }],
      ['getLogoutRequestAlias1', { query: { logout_challenge: accepted } }],
      ['rejectLogoutRequest', { query: { logout_challenge: rejected } }],
      ['rejectLogoutRequestAlias1', { query: { logout_challenge: await walk.logoutChallenge(browser) } }],
      ['acceptLogoutRequestAlias1', { query: { logout_challenge: await walk.logoutChallenge(browser) } }],
    ]);
    const [answer] = await all([['acceptLogoutRequest', { query: { logout_challenge: accepted } }]]);
    // The client that the session knows is told behind the browser's back, and nobody listens there.
    const left = await browser.send(redirectTo(answer?.text ?? ''));
    gateway.note('endSession', left);
    const [listed] = await all([['listDeliveries', { query: { state: 'pending', limit: '10' } }]]);
    const [delivery] = JSON.parse(listed?.text ?? '[]') as readonly { id: string }[];
    const path = { id: delivery?.id ?? '' };
    await all([
      ['retryDelivery', { path }],
      ['discardDelivery', { path }],
    ]);
  });

  it('lists and ends sessions and consents', async () => {
    await walk.code(new Browser(), 'carol');
    const query = { subject: 'carol', page_size: '5' };
    for (const suffix of ['', 'Alias1']) {
      await all([
        [`listConsents${suffix}`, { query }],
        [`listLoginSessions${suffix}`, { query }],
        [`revokeConsents${suffix}`, { query: { subject: 'carol', all: 'true' } }],
        [`revokeLoginSessions${suffix}`, { query: { subject: 'carol', revoke_tokens: 'true' } }],
      ]);
    }
  });

  it('tells how the processes are', async () => {
    const { version } = JSON.parse(readFileSync(`${workspace}/package.json`, 'utf8')) as { version: string };
    for (const api of [admin, gateway]) {
      for (const id of ['health', 'healthAlive', 'healthReady', 'version', 'openapi']) {
        expect((await api.call(id)).status).toBe(200);
      }
      expect(JSON.parse((await api.call('openapi')).text)).toMatchObject({ openapi: '3.1.0', info: { version } });
    }
  });

  it('takes a token of any scope but the right one for none', async () => {
    const other = await send(`${product.publicUrl}/oauth2/token`, {
      basic: rp,
      form: { grant_type: 'client_credentials' },
    });
    const { access_token: narrow } = JSON.parse(other.text) as { access_token: string };
    const answer = await admin.call('getClient', { path: { id: randomUUID() }, bearer: narrow });
    expect(answer.status).toBe(403);
  });

  it('has been asked for everything that its documents promise', () => {
    for (const api of [admin, gateway]) {
      const succeeded = api.answered(/^[23]/);
      const missed = api.operations.map(({ operationId }) => operationId).filter((id) => !succeeded.has(id));
      expect(missed).toEqual([]);
    }
  });
});
