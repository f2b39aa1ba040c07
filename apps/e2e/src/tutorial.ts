import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import tls from 'node:tls';
import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConsentApp, startOurConsentApp } from './consent-app.js';
import { authorize, readChallenge } from './consent-player.js';
import { Browser, send } from './http.js';
import { freePorts } from './ports.js';
import {
  type CommandLine,
  commandLine,
  connectedCommandLine,
  makeDatabase,
  migrateSql,
  type Mode,
  type Product,
  type ProductDatabase,
  ROOT,
  rootToken,
  startProduct,
} from './product.js';
import { workspace } from './program.js';

type Tokens = { access_token: string; refresh_token?: string; id_token?: string; scope: string; expires_in: number };

/**
 * The guide of June 2017 as statements S1-S74 (docs/guides/tutorial.md), played against a running product. The two
 * ways to run the product play the same statements; where a statement cannot be tested here, statements.ts says why.
 */
export function describeTutorial(mode: Mode): void {
  describe(`the tutorial, ${mode === 'host' ? 'in one process' : 'as separate services'}`, () => {
    let database: ProductDatabase;
    let product: Product;
    let cli: CommandLine;
    let consent: ConsentApp;
    let migrated: { first: string; second: string };
    let consentPort: number;
    const startedAt = performance.now();

    const tls_ = ['--skip-tls-verify'];

    beforeAll(async () => {
      database = await makeDatabase();
      const unmigrated = await startProduct({ mode, databaseUrl: database.url }).then(
        () => 'started',
        (cause: unknown) => String(cause),
      );
      expect(unmigrated, 'S22: serving before migrating fails with the command to run').toContain(
        'castellan migrate sql',
      );
      const first = await migrateSql(database.url);
      const second = await migrateSql(database.url);
      expect([first.code, second.code]).toEqual([0, 0]);
      migrated = { first: first.stdout, second: second.stdout };
      [consentPort = 0] = await freePorts(1);
      // S24: a trailing slash; S54: the consent app and the CLI reach the product under another name than the issuer's.
      product = await startProduct({
        mode,
        databaseUrl: database.url,
        consentUrl: `http://localhost:${consentPort}/consent`,
      });
      cli = await connectedCommandLine(product);
    }, 180_000);

    afterAll(async () => {
      await consent?.close();
      cli?.remove();
      await product?.stop();
      await database?.drop();
    }, 60_000);

    async function callbackPort(): Promise<number> {
      return (await freePorts(1))[0] ?? 0;
    }

    function tokenRequest(form: Record<string, string>, basic: readonly [string, string]): ReturnType<typeof send> {
      return send(`${product.publicUrl}/oauth2/token`, { form, basic });
    }

    function authorizationUrl(parameters: Record<string, string>): string {
      return `${product.publicUrl}/oauth2/auth?${new URLSearchParams(parameters)}`;
    }

    async function introspect(token: string): Promise<Record<string, unknown>> {
      const answer = await send(`${product.publicUrl}/oauth2/introspect`, { form: { token }, basic: ROOT });
      expect(answer.status).toBe(200);
      return JSON.parse(answer.text) as Record<string, unknown>;
    }

    async function redeem(callback: URL, client = 'some-consumer', secret = 'consumer-secret'): Promise<Tokens> {
      const answer = await tokenRequest(
        {
          grant_type: 'authorization_code',
          code: callback.searchParams.get('code') ?? '',
          redirect_uri: `${callback.origin}${callback.pathname}`,
        },
        [client, secret],
      );
      expect(answer.status, answer.text).toBe(200);
      return JSON.parse(answer.text) as Tokens;
    }

    const consumer = {
      client_id: 'some-consumer',
      redirect_uri: 'http://localhost:9010/callback',
      response_type: 'code',
      state: 'state-of-the-consumer',
      nonce: 'nonce-of-the-consumer',
    };

    describe('8.2 database and 8.3 configuration', () => {
      it('S8 S11 S16 a DSN is all that a PostgreSQL store needs', async () => {
        expect(database.url).toMatch(/^postgres:\/\/.*sslmode=disable$/);
        expect((await database.query('SELECT count(*)::int AS n FROM token.client')).rows[0]).toEqual({ n: 1 });
      });

      it('S9 the README says plainly that PostgreSQL is the only database', () => {
        expect(readFileSync(path.join(workspace, 'README.md'), 'utf8')).toMatch(
          /PostgreSQL.{0,40}only|only.{0,40}PostgreSQL/i,
        );
      });

      it('S12 the system secret of the guide is accepted', () => {
        expect(product.log()).not.toMatch(/SYSTEM_SECRET.*(too short|refused)/i);
      });

      it('S13 key material in the database cannot be read without the system secret', async () => {
        const dump = JSON.stringify((await database.query('SELECT * FROM keys.key')).rows);
        expect(dump).not.toMatch(/"d"\s*:|\\"d\\":|"p"\s*:|"k"\s*:/);
      });

      it('S21 migrate sql says per component what it applied; a second run applies 0', () => {
        for (const component of ['keys', 'warden', 'token'])
          expect(migrated.first).toMatch(new RegExp(`Applied [1-9]\\d* \`${component}\` SQL migrations\\.`));
        expect(migrated.first.trimEnd()).toMatch(/Migration successful!$/);
        expect(migrated.second).toContain('Applied 0 `token` SQL migrations.');
        expect(migrated.second).toContain('Migration successful! Applied a total of 0 SQL migrations.');
      });
    });

    describe('8.4 running the server', () => {
      it('S23 S24 the issuer is the public URL, without a trailing slash', async () => {
        const answer = await send(`${product.publicUrl}/.well-known/openid-configuration`);
        expect(answer.status).toBe(200);
        const metadata = JSON.parse(answer.text) as Record<string, unknown>;
        expect(metadata['issuer']).toBe(product.issuer);
        expect(metadata['token_endpoint']).toBe(`${product.issuer}/oauth2/token`);
      });

      it('S25 S61 users are sent to CONSENT_URL', async () => {
        const answer = await new Browser().send(
          authorizationUrl({
            client_id: ROOT[0],
            response_type: 'code',
            redirect_uri: 'http://localhost:4445/callback',
            state: 'a-state-of-mine',
          }),
        );
        expect(answer.status).toBe(302);
        expect(answer.headers.location).toMatch(new RegExp(`^http://localhost:${consentPort}/consent\\?challenge=`));
      });

      it('S26 the root client manages everything', async () => {
        const token = await rootToken(product);
        for (const route of ['/clients', '/policies', '/keys/hydra.openid.id-token', '/warden/groups?member=x'])
          expect((await send(`${product.adminUrl}${route}`, { bearer: token })).status, route).toBe(200);
      });

      it('S27 the log tells that the HTTP server is set up', () => {
        expect(product.log()).toMatch(/level=info msg="Setting up http server on :\d+"/);
      });

      it('S28 /health answers ok', async () => {
        const answer = await send(`${product.publicUrl}/health`);
        expect([answer.status, answer.text]).toEqual([200, 'ok']);
      });

      it('S29 HTTPS with a certificate that nobody trusts by default', async () => {
        const url = new URL(product.publicUrl);
        const failure = await new Promise<string>((resolve) => {
          const socket = tls.connect({ host: 'localhost', port: Number(url.port) }, () => resolve('trusted'));
          socket.on('error', (cause: NodeJS.ErrnoException) => resolve(cause.code ?? ''));
        });
        expect(failure).toMatch(/SELF_SIGNED|UNABLE_TO_VERIFY/);
      });
    });

    describe('8.5 command line and tokens', () => {
      it('S32 connect asks for cluster URL, client ID and client secret in this order', async () => {
        const line = commandLine();
        const ended = await line.run(['connect'], `${product.publicUrl}\nadmin\ndemo-password\n`);
        expect(ended.code).toBe(0);
        expect(ended.stdout.replace(/\s+/g, ' ')).toMatch(
          /Cluster URL \[\]: ?Client ID \[\]: ?Client Secret \[empty\]: ?/,
        );
        line.remove();
      });

      it('S33 the values are kept, in a file that only its owner reads, and shown by a second connect', async () => {
        const ended = await cli.run(['connect'], '\n\n\n');
        expect(ended.stdout).toContain(`Cluster URL [${product.publicUrl}]:`);
        expect(ended.stdout).toContain('Client ID [admin]:');
        expect(ended.stdout).toContain('Client Secret [*********]:');
        expect(statSync(path.join(cli.home, '.castellan.yml')).mode & 0o777).toBe(0o600);
      });

      it('S34 S35 S37 S38 token client prints one opaque token of the connected client', async () => {
        const ended = await cli.run(['token', 'client', ...tls_]);
        expect(ended.code).toBe(0);
        expect(ended.stdout).toMatch(/^[^.\s]+\.[^.\s]+\n$/);
        const token = ended.stdout.trim();
        for (const half of token.replace(/^ct_at_/, '').split('.'))
          expect(() => JSON.parse(Buffer.from(half, 'base64url').toString()) as unknown).toThrow();
        const validated = await cli.run(['token', 'validate', ...tls_, token]);
        expect(validated.code).toBe(0);
        expect(validated.stdout).toContain('"active": true,');
        expect(validated.stdout).toContain('"sub": "admin",');
        const facts = JSON.parse(validated.stdout) as Record<string, number & string>;
        expect(facts).toMatchObject({ scope: 'hydra', client_id: 'admin', aud: 'admin', iss: product.issuer });
        expect(Number(facts['exp']) - Number(facts['iat'])).toBe(3600);
      });

      it('S36 without --skip-tls-verify every network command fails on the certificate', async () => {
        const ended = await cli.run(['token', 'client']);
        expect(ended.code).not.toBe(0);
        expect(ended.stdout + ended.stderr).toMatch(/self.signed|certificate/i);
      });

      it('S40 introspection is a POST form with client authentication (RFC 7662)', async () => {
        const token = await rootToken(product);
        expect((await send(`${product.publicUrl}/oauth2/introspect`, { form: { token } })).status).toBe(401);
        expect((await send(`${product.publicUrl}/oauth2/introspect?token=x`)).status).toBe(405);
        expect(await introspect(token)).toMatchObject({ active: true, sub: 'admin' });
      });

      it('S41 an invalid token makes token validate fail with exit code 1', async () => {
        const ended = await cli.run(['token', 'validate', ...tls_, 'not.a-token']);
        expect(ended.code).toBe(1);
        expect(ended.stderr).toContain('Token is inactive because it is malformed, expired or otherwise invalid');
      });

      it('S14 S19 half tokens, mixed tokens and tokens of another secret are inactive', async () => {
        const [one, two] = [await rootToken(product), await rootToken(product)];
        const [payload = '', mac = ''] = one.split('.');
        const [, otherMac = ''] = two.split('.');
        const flipped = `${one.slice(0, -2)}${one.endsWith('AA') ? 'BB' : 'AA'}`;
        for (const forged of [
          payload,
          `.${mac}`,
          `${payload}.`,
          `${payload}.${otherMac}`,
          flipped,
          `${one} `,
          `${one}=`,
        ])
          expect(await introspect(forged)).toEqual({ active: false });
        expect(await introspect(one)).toMatchObject({ active: true });
      });
    });

    describe('8.6 consent flow and client', () => {
      it('S42 S45 no user, no password, no login page; only OAuth 2.0 and OpenID Connect grants', async () => {
        const columns = await database.query(
          `SELECT table_name, column_name FROM information_schema.columns
            WHERE table_schema IN ('token', 'warden', 'keys') AND (column_name ~ 'password' OR table_name ~ 'user')`,
        );
        expect(columns.rows).toEqual([]);
        const answer = await tokenRequest({ grant_type: 'password', username: 'dan', password: 'x' }, ROOT);
        expect(JSON.parse(answer.text)).toMatchObject({ error: 'unsupported_grant_type' });
      });

      it('S49 without the policy the key is refused although the scope is there, with it the key is read', async () => {
        const created = await cli.run([
          'clients',
          'create',
          ...tls_,
          '--id',
          'consent-app',
          '--secret',
          'consent-secret',
          '--name',
          'Consent App Client',
          '--grant-types',
          'client_credentials',
          '--response-types',
          'token',
          '--allowed-scopes',
          'hydra.keys.get',
        ]);
        expect(created.stdout, 'S47').toContain('Client ID: consent-app\nClient Secret: consent-secret\n');
        const token = async (): Promise<string> => {
          const answer = await tokenRequest({ grant_type: 'client_credentials', scope: 'hydra.keys.get' }, [
            'consent-app',
            'consent-secret',
          ]);
          return (JSON.parse(answer.text) as Tokens).access_token;
        };
        const key = `${product.adminUrl}/keys/hydra.consent.response/private`;
        expect((await send(key, { bearer: await token() })).status).toBe(403);
        const policy = await cli.run([
          'policies',
          'create',
          ...tls_,
          '--actions',
          'get',
          '--allow',
          '--id',
          'consent-app-policy',
          '--resources',
          'rn:hydra:keys:hydra.consent.<.*>',
          '--subjects',
          'consent-app',
        ]);
        expect(policy.stdout, 'S51').toContain('Created policy consent-app-policy.');
        expect((await send(key, { bearer: await token() })).status).toBe(200);
        for (const refused of ['/clients', '/policies', '/keys/hydra.openid.id-token/private', '/clients/admin'])
          expect(
            (await send(`${product.adminUrl}${refused}`, { bearer: await token() })).status,
            `S48 ${refused}`,
          ).toBe(403);
        expect(
          (await send(`${product.adminUrl}/keys/hydra.consent.challenge/public`, { bearer: await token() })).status,
        ).toBe(200);
      });

      it('S52 the same engine is offered as Warden API', async () => {
        const bearer = await rootToken(product);
        const ask = async (route: string, json: unknown): Promise<unknown> =>
          JSON.parse((await send(`${product.adminUrl}/warden/${route}`, { bearer, json })).text) as unknown;
        const resource = 'rn:hydra:keys:hydra.consent.response:private';
        expect(await ask('allowed', { subject: 'consent-app', action: 'get', resource })).toEqual({ allowed: true });
        expect(await ask('allowed', { subject: 'consent-app', action: 'delete', resource })).toEqual({
          allowed: false,
        });
        const token = await rootToken(product);
        expect(
          await ask('token/allowed', { token, scopes: ['hydra.clients'], action: 'get', resource: 'rn:hydra:clients' }),
        ).toMatchObject({
          allowed: true,
          sub: 'admin',
          aud: 'admin',
          iss: product.issuer,
          scopes: ['hydra'],
        });
        expect(
          await ask('token/allowed', { token, scopes: ['foo'], action: 'get', resource: 'rn:hydra:clients' }),
        ).toEqual({ allowed: false });
      });

      it('S53 S54 the consent app runs with the variables of the guide, under another host name than the issuer', async () => {
        consent = await startOurConsentApp(product, {
          port: consentPort,
          host: '127.0.0.1',
          client: ['consent-app', 'consent-secret'],
        });
        const answer = await send(`http://localhost:${consentPort}/`);
        expect(answer.status).toBe(200);
        expect(answer.text).toMatch(/<!doctype html>/i);
      });
    });

    describe('8.7 consumer and authorization flow', () => {
      it('S3 S55 S56 S57 S58 a consumer is registered; a misspelt grant type is refused with help', async () => {
        const wrong = await cli.run([
          'clients',
          'create',
          ...tls_,
          '--id',
          'typo',
          '-g',
          'authorize_code',
          '-r',
          'code',
        ]);
        if (wrong.code !== 0) expect(wrong.stdout + wrong.stderr).toContain('authorization_code');
        else await cli.run(['clients', 'delete', ...tls_, 'typo']);
        const created = await cli.run([
          'clients',
          'create',
          ...tls_,
          '--id',
          'some-consumer',
          '--secret',
          'consumer-secret',
          '-g',
          'authorization_code,refresh_token,client_credentials',
          '-r',
          'token,code,id_token',
          '--allowed-scopes',
          'openid,offline,hydra.clients',
          '--callbacks',
          consumer.redirect_uri,
        ]);
        expect(created.code, created.stderr).toBe(0);
        expect(created.stdout).toContain('Client ID: some-consumer\nClient Secret: consumer-secret\n');
      });

      it('S59 S60 S61 S62 S65 S67 token user: login, scopes, and the tokens on terminal and page', async () => {
        const port = await callbackPort();
        const redirect = `http://localhost:${port}/callback`;
        const created = await cli.run([
          'clients',
          'create',
          ...tls_,
          '--id',
          'browser-consumer',
          '--secret',
          'consumer-secret',
          '-g',
          'authorization_code,refresh_token',
          '-r',
          'token,code,id_token',
          '--allowed-scopes',
          'openid,offline,hydra.clients',
          '--callbacks',
          redirect,
        ]);
        expect(created.code, created.stderr).toBe(0);
        const user = cli.start([
          'token',
          'user',
          '--listen-port',
          String(port),
          ...tls_,
          '--no-open',
          '--auth-url',
          `${product.issuer}/oauth2/auth`,
          '--token-url',
          `${product.publicUrl.replace('localhost', '127.0.0.1')}/oauth2/token`,
          '--id',
          'browser-consumer',
          '--secret',
          'consumer-secret',
          '--scopes',
          'openid,offline,hydra.clients',
          '--redirect',
          redirect,
        ]);
        const [, url = ''] = await user.until(/\t(https:\/\/\S+\/oauth2\/auth\?\S+)/);
        expect(user.output()).toContain('Setting up callback listener on http://localhost:');
        expect(user.output()).toContain('Press ctrl + c on Linux / Windows or cmd + c on OSX to end the process.');
        expect(user.output()).toContain('If your browser does not open automatically, navigate to:');
        const asked = new URL(url).searchParams;
        for (const name of ['client_id', 'redirect_uri', 'response_type', 'scope', 'state', 'nonce'])
          expect(asked.get(name), name).toBeTruthy();

        const browser = new Browser();
        const login = await browser.follow(url);
        expect(login.url).toContain(`localhost:${consentPort}`);
        const chosen = await browser.submit(login, [
          ['email', 'dan@acme.com'],
          ['password', 'secret'],
        ]);
        const scopes = [
          ...chosen.answer.text.matchAll(
            /name="allowed_scopes"[^>]*value="([^"]*)"|value="([^"]*)"[^>]*name="allowed_scopes"/g,
          ),
        ];
        const names = scopes.map((match) => match[1] ?? match[2] ?? '');
        expect(names.sort()).toEqual(['hydra.clients', 'offline', 'openid']);
        const done = await browser.submit(chosen, [
          ...names.map((name) => ['allowed_scopes', name] as const),
          ['decision', 'allow'],
        ]);
        expect(done.answer.status, done.answer.text).toBe(200);
        for (const words of ['Access Token', 'Refresh Token', 'Expires in', 'ID Token'])
          expect(done.answer.text).toContain(words);
        await user.until(/ID Token:\n\t\S+/);
        expect(await user.ended).toBe(0);
        const [, access = ''] = /Access Token:\n\t(\S+)/.exec(user.output()) ?? [];
        expect(await introspect(access)).toMatchObject({
          active: true,
          sub: 'user:12345:dandean',
          scope: expect.stringContaining('hydra.clients') as string,
        });
      });

      it('S4 S39 S43 S62 S64 a consent of any web technology buys tokens, claims and a verifiable ID token', async () => {
        const { callback } = await authorize(
          product,
          new Browser(),
          authorizationUrl({ ...consumer, scope: 'openid offline' }),
        );
        expect(callback.searchParams.get('state')).toBe(consumer.state);
        expect(callback.searchParams.get('iss')).toBe(product.issuer);
        const tokens = await redeem(callback);
        expect(await introspect(tokens.access_token)).toMatchObject({
          active: true,
          sub: 'user:12345:dandean',
          ext: { department: 'sales' },
          scope: 'openid offline',
          client_id: 'some-consumer',
        });
        const keys = JSON.parse((await send(`${product.publicUrl}/.well-known/jwks.json`)).text) as Parameters<
          typeof createLocalJWKSet
        >[0];
        const { payload } = await jwtVerify(tokens.id_token ?? '', createLocalJWKSet(keys), {
          issuer: product.issuer,
          audience: 'some-consumer',
        });
        const half = createHash('sha256').update(tokens.access_token).digest().subarray(0, 16).toString('base64url');
        expect(payload).toMatchObject({
          sub: 'user:12345:dandean',
          nonce: consumer.nonce,
          name: 'Dan Dean',
          at_hash: half,
        });
        expect(payload['auth_time']).toEqual(expect.any(Number));
      });

      it.each([
        ['openid offline', true, true],
        ['offline', true, false],
        ['openid', false, true],
        ['hydra.clients', false, false],
      ])('S63 S64 granted %s: refresh token %s, ID token %s', async (scope, refresh, idToken) => {
        const { callback } = await authorize(product, new Browser(), authorizationUrl({ ...consumer, scope }));
        const tokens = await redeem(callback);
        expect([tokens.refresh_token !== undefined, tokens.id_token !== undefined]).toEqual([refresh, idToken]);
      });

      it('S2 a refresh token is rotated, and its reuse revokes the family', async () => {
        const { callback } = await authorize(
          product,
          new Browser(),
          authorizationUrl({ ...consumer, scope: 'openid offline' }),
        );
        const first = await redeem(callback);
        const refresh = (token: string): ReturnType<typeof send> =>
          tokenRequest({ grant_type: 'refresh_token', refresh_token: token }, ['some-consumer', 'consumer-secret']);
        const answer = await refresh(first.refresh_token ?? '');
        expect(answer.status, answer.text).toBe(200);
        const second = JSON.parse(answer.text) as Tokens;
        expect(second.refresh_token).not.toBe(first.refresh_token);
        // Inside the window, and while the successor is unused, the client is answered the same again (rulings 35).
        expect(JSON.parse((await refresh(first.refresh_token ?? '')).text)).toMatchObject({
          refresh_token: second.refresh_token,
        });
        expect((await refresh(second.refresh_token ?? '')).status).toBe(200);
        expect(JSON.parse((await refresh(first.refresh_token ?? '')).text)).toMatchObject({ error: 'invalid_grant' });
        expect(await introspect(second.access_token)).toEqual({ active: false });
        expect(await introspect(first.access_token)).toEqual({ active: false });
      });

      it('a code redeemed twice is refused the second time', async () => {
        const { callback } = await authorize(
          product,
          new Browser(),
          authorizationUrl({ ...consumer, scope: 'openid' }),
        );
        await redeem(callback);
        const again = await tokenRequest(
          {
            grant_type: 'authorization_code',
            code: callback.searchParams.get('code') ?? '',
            redirect_uri: consumer.redirect_uri,
          },
          ['some-consumer', 'consumer-secret'],
        );
        expect([again.status, JSON.parse(again.text)]).toMatchObject([400, { error: 'invalid_grant' }]);
      });

      it.each([
        ['token', ['access_token', 'token_type', 'expires_in'], ['code', 'id_token']],
        ['id_token', ['id_token'], ['code', 'access_token']],
        ['code id_token', ['code', 'id_token'], ['access_token']],
        ['code token', ['code', 'access_token'], ['id_token']],
        ['code token id_token', ['code', 'access_token', 'id_token'], []],
      ])('response type %s for a client registered for it', async (responseType, present, absent) => {
        await cli.run([
          'clients',
          'create',
          ...tls_,
          '--id',
          'hybrid',
          '--secret',
          'hybrid-secret',
          '-g',
          'authorization_code,implicit',
          '-r',
          'token,code,id_token',
          '--allowed-scopes',
          'openid',
          '--callbacks',
          'https://rp.example/cb',
        ]);
        const { callback } = await authorize(
          product,
          new Browser(),
          authorizationUrl({
            client_id: 'hybrid',
            redirect_uri: 'https://rp.example/cb',
            response_type: responseType,
            scope: 'openid',
            state: 'a/b c',
            nonce: 'nonce-of-hybrid',
          }),
        );
        const fragment = new URLSearchParams(callback.hash.slice(1));
        expect([...fragment.keys()]).toEqual(expect.arrayContaining([...present, 'state', 'iss']));
        for (const name of absent) expect(fragment.has(name), name).toBe(false);
        expect(fragment.get('state')).toBe('a/b c');
        const idToken = fragment.get('id_token');
        const hash = (text: string): string =>
          createHash('sha256').update(text).digest().subarray(0, 16).toString('base64url');
        if (idToken !== null && present.includes('code'))
          expect(decodeJwt(idToken)['c_hash']).toBe(hash(fragment.get('code') ?? ''));
        if (idToken !== null && present.includes('access_token'))
          expect(decodeJwt(idToken)['at_hash']).toBe(hash(fragment.get('access_token') ?? ''));
      });

      it('S66 the literal command of the guide ends, before login, in an invalid_scope that names scope and fix', async () => {
        await cli.run([
          'clients',
          'create',
          ...tls_,
          '--id',
          'literal-consumer',
          '--secret',
          'consumer-secret',
          '-g',
          'authorization_code,refresh_token',
          '-r',
          'token,code,id_token',
          '--allowed-scopes',
          'openid,offline',
          '--callbacks',
          consumer.redirect_uri,
        ]);
        const answer = await new Browser().send(
          authorizationUrl({ ...consumer, client_id: 'literal-consumer', scope: 'openid offline hydra.clients' }),
        );
        const location = new URL(answer.headers.location ?? 'about:blank');
        expect(location.href).toContain(consumer.redirect_uri);
        expect(location.searchParams.get('error')).toBe('invalid_scope');
        expect(location.searchParams.get('state')).toBe(consumer.state);
        const words = `${location.searchParams.get('error_description')} ${location.searchParams.get('error_hint')}`;
        expect(words).toContain('hydra.clients');
        expect(words).toMatch(/allowed-scopes|allowed scopes/);
      });

      it('two tabs of one browser finish in any order', async () => {
        const browser = new Browser();
        const urls = ['tab-number-one', 'tab-number-two'].map((state) =>
          authorizationUrl({ ...consumer, scope: 'openid', state }),
        );
        const challenges = [];
        for (const url of urls)
          challenges.push(await readChallenge(product, (await browser.send(url)).headers.location ?? ''));
        const { respond } = await import('./consent-player.js');
        for (const [index, challenge] of [...challenges.entries()].reverse()) {
          const answer = await browser.send(await respond(product, challenge));
          expect(new URL(answer.headers.location ?? '').searchParams.get('state')).toBe(
            ['tab-number-one', 'tab-number-two'][index],
          );
        }
      });

      it('a consent response is used once, by the browser that asked, for what was asked', async () => {
        const { respond } = await import('./consent-player.js');
        const browser = new Browser();
        const begin = async (scope: string): Promise<Awaited<ReturnType<typeof readChallenge>>> =>
          readChallenge(product, (await browser.send(authorizationUrl({ ...consumer, scope }))).headers.location ?? '');
        const error = (answer: { headers: { location?: string | undefined } }): string | null =>
          new URL(answer.headers.location ?? 'about:blank').searchParams.get('error');

        const url = await respond(product, await begin('openid'));
        expect(error(await new Browser().send(url)), 'CF-05: another browser').toBe('access_denied');
        expect(new URL((await browser.send(url)).headers.location ?? '').searchParams.get('code')).toBeTruthy();
        expect(error(await browser.send(url)), 'CF-01: replay').toBe('access_denied');

        const wider = await respond(product, await begin('openid'), { scopes: ['openid', 'offline'] });
        expect(error(await browser.send(wider)), 'CF-10: beyond the request').toBe('access_denied');
        const swapped = (await respond(product, await begin('openid'))).replace(consumer.state, 'another-state');
        expect(error(await browser.send(swapped)), 'CF-02: another request').toBe('access_denied');
        const denied = await browser.send(`${(await begin('openid')).redir}&consent=denied`);
        expect(error(denied)).toBe('access_denied');
      });
    });

    describe('8.8 the command line', () => {
      it('S69 --skip-tls-verify is taken at any position', async () => {
        for (const args of [
          ['--skip-tls-verify', 'token', 'client'],
          ['token', '--skip-tls-verify', 'client'],
          ['token', 'client', '--skip-tls-verify'],
        ])
          expect((await cli.run(args)).code, args.join(' ')).toBe(0);
      });

      it('S70 comma lists are lists', async () => {
        const answer = await send(`${product.adminUrl}/clients/some-consumer`, { bearer: await rootToken(product) });
        expect(JSON.parse(answer.text)).toMatchObject({
          grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
          response_types: ['token', 'code', 'id_token'],
          scope: 'openid offline hydra.clients',
          redirect_uris: [consumer.redirect_uri],
        });
      });

      it('S71 help lists commands and flags', async () => {
        const help = await cli.run(['help']);
        for (const command of [
          'connect',
          'host',
          'migrate',
          'token',
          'clients',
          'policies',
          'groups',
          'keys',
          'warden',
          'version',
        ])
          expect(help.stdout).toContain(command);
        expect((await cli.run(['help', 'clients', 'create'])).stdout).toContain('--allowed-scopes');
        expect((await cli.run(['token', 'user', '-h'])).stdout).toContain('--no-open');
      });

      it('S72 policies, groups and keys are managed over HTTP alone', async () => {
        const ok = async (...args: string[]): Promise<string> => {
          const ended = await cli.run([...args, ...tls_]);
          expect(ended.code, `${args.join(' ')}: ${ended.stderr}`).toBe(0);
          return ended.stdout;
        };
        expect(await ok('groups', 'create', 'staff')).toContain('Group staff created.');
        expect(await ok('groups', 'members', 'add', 'staff', 'peter', 'julia')).toContain(
          'Members [peter julia] added to group staff.',
        );
        expect(await ok('groups', 'find', 'peter')).toContain('Subject peter belongs to groups [staff].');
        expect(
          await ok('policies', 'create', '-i', 'staff-read', '-s', 'staff', '-a', 'read', '-r', 'docs:<.*>', '--allow'),
        ).toContain('Created policy staff-read.');
        const bearer = await rootToken(product);
        const allowed = async (): Promise<unknown> =>
          JSON.parse(
            (
              await send(`${product.adminUrl}/warden/allowed`, {
                bearer,
                json: { subject: 'peter', action: 'read', resource: 'docs:1' },
              })
            ).text,
          ) as unknown;
        expect(await allowed()).toEqual({ allowed: true });
        await ok('policies', 'create', '-i', 'not-peter', '-s', 'peter', '-a', 'read', '-r', 'docs:1');
        expect(await allowed(), 'D1: a denial of the subject beats an allowance of its group').toEqual({
          allowed: false,
        });
        expect(await ok('policies', 'actions', 'add', 'staff-read', 'write')).toContain(
          'Added actions to policy staff-read',
        );
        expect(JSON.parse(await ok('policies', 'get', 'staff-read'))).toMatchObject({
          actions: expect.arrayContaining(['read', 'write']) as string[],
        });
        await ok('policies', 'delete', 'not-peter');
        expect(await ok('groups', 'members', 'remove', 'staff', 'peter')).toContain(
          'Members [peter] removed from group staff.',
        );
        expect(await allowed()).toEqual({ allowed: false });
        for (const alg of ['RS256', 'ES256', 'ES521', 'EdDSA', 'HS256'])
          expect(JSON.parse(await ok('keys', 'create', `set-${alg}`, '-a', alg)), alg).toMatchObject({
            keys: expect.any(Array) as unknown[],
          });
        expect(await ok('keys', 'delete', 'set-HS256')).toContain('Key set deleted.');
        expect(await ok('token', 'revoke', await rootToken(product))).toContain('Revoked token');
        expect(await ok('clients', 'delete', 'hybrid')).toContain('Client(s) deleted.');
      });

      it('S6 the licence is Apache-2.0 and the product says how to report a vulnerability', () => {
        expect(readFileSync(path.join(workspace, 'LICENSE'), 'utf8')).toContain('Apache License');
        expect(existsSync(path.join(workspace, 'SECURITY.md'))).toBe(true);
      });
    });

    describe('what must hold after all of it', () => {
      it('S18 no row of any table contains a usable token, code or secret', async () => {
        const { callback } = await authorize(
          product,
          new Browser(),
          authorizationUrl({ ...consumer, scope: 'openid offline' }),
        );
        const code = callback.searchParams.get('code') ?? '';
        const unused = await authorize(
          product,
          new Browser(),
          authorizationUrl({ ...consumer, scope: 'openid offline' }),
        );
        const tokens = await redeem(callback);
        const secrets = [
          code,
          unused.callback.searchParams.get('code') ?? '',
          tokens.access_token,
          tokens.refresh_token ?? '',
          tokens.id_token ?? '',
          'consumer-secret',
          'consent-secret',
          'demo-password',
        ];
        const parts = secrets.flatMap((secret) => [secret, ...secret.split('.').filter((part) => part.length > 20)]);
        const tables = await database.query(
          `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname IN ('token', 'warden', 'keys')`,
        );
        for (const { name } of tables.rows as { name: string }[]) {
          const dump = (await database.query(`SELECT coalesce(string_agg(t::text, E'\\n'), '') AS text FROM ${name} t`))
            .rows[0] as { text: string };
          for (const part of parts) expect(dump.text.includes(part), `${name} holds a secret`).toBe(false);
        }
      });

      it('no log line contains a token, code, secret or consent response', () => {
        expect(product.log()).not.toMatch(
          /ct_(at|rt|ac)_[A-Za-z0-9_-]{20}|consumer-secret|consent-secret|demo-password|eyJ[A-Za-z0-9_-]{20}/,
        );
      });

      it('S17 S26 S30 a restart keeps clients, policies, keys, tokens and the certificate; other root credentials change nothing', async () => {
        const token = await rootToken(product);
        const before = { keys: await read('/.well-known/jwks.json'), certificate: await fingerprint() };
        expect(await product.stop()).toEqual(mode === 'host' ? [0] : [0, 0, 0, 0, 0]);
        const old = product;
        product = await startProduct({
          mode,
          databaseUrl: database.url,
          issuer: old.issuer,
          consentUrl: `http://localhost:${consentPort}/consent`,
        });
        expect(await introspect(token)).toMatchObject({ active: true, sub: 'admin' });
        expect(await read('/.well-known/jwks.json')).toEqual(before.keys);
        if (mode === 'host') expect(await fingerprint()).toBe(before.certificate);
        const bearer = await rootToken(product);
        for (const route of ['/clients/some-consumer', '/policies/consent-app-policy', '/clients/admin'])
          expect((await send(`${product.adminUrl}${route}`, { bearer })).status, route).toBe(200);
      });

      it('S15 another system secret is refused with a clear message and a non-zero exit', async () => {
        const failure = await startProduct({
          mode: 'host',
          databaseUrl: database.url,
          systemSecret: 'another secret that is also long enough',
        }).then(
          () => 'started',
          (cause: unknown) => String(cause),
        );
        expect(failure).toMatch(/ended with [1-9]/);
        expect(failure).toMatch(/SYSTEM_SECRET/);
      });

      it('S1 the guide took far less than fifteen minutes', () => {
        expect(performance.now() - startedAt).toBeLessThan(15 * 60_000);
      });
    });

    async function read(route: string): Promise<unknown> {
      return JSON.parse((await send(`${product.publicUrl}${route}`)).text) as unknown;
    }

    function fingerprint(): Promise<string> {
      return new Promise((resolve, reject) => {
        const socket = tls.connect(
          { host: 'localhost', port: Number(new URL(product.publicUrl).port), rejectUnauthorized: false },
          () => {
            resolve(socket.getPeerCertificate().fingerprint256);
            socket.destroy();
          },
        );
        socket.on('error', reject);
      });
    }
  });
}
