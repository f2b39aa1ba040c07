import { authorize } from '../consent-player.js';
import { Browser, send } from '../http.js';
import { freePorts } from '../ports.js';
import { type Stage, type Tokens, consumer, skipTlsVerify } from './stage.js';
import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose';
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';

/** Statements of section 8.7 consumer and authorization flow. */
export function describeAuthorizationFlow(stage: Stage): void {
  describe('8.7 consumer and authorization flow', () => {
    it('S3 S55 S56 S57 S58 a consumer is registered; a misspelt grant type is refused with help', async () => {
      const wrong = await stage.cli.run([
        'clients',
        'create',
        ...skipTlsVerify,
        '--id',
        'typo',
        '-g',
        'authorize_code',
        '-r',
        'code',
      ]);
      if (wrong.code !== 0) expect(wrong.stdout + wrong.stderr).toContain('authorization_code');
      else await stage.cli.run(['clients', 'delete', ...skipTlsVerify, 'typo']);
      const created = await stage.cli.run([
        'clients',
        'create',
        ...skipTlsVerify,
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
      const [port = 0] = await freePorts(1);
      const redirect = `http://localhost:${port}/callback`;
      const created = await stage.cli.run([
        'clients',
        'create',
        ...skipTlsVerify,
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
      const user = stage.cli.start([
        'token',
        'user',
        '--listen-port',
        String(port),
        ...skipTlsVerify,
        '--no-open',
        '--auth-url',
        `${stage.product.issuer}/oauth2/auth`,
        '--token-url',
        `${stage.product.publicUrl.replace('localhost', '127.0.0.1')}/oauth2/token`,
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
      expect(login.url).toContain(`localhost:${stage.consentPort}`);
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
      expect(await stage.introspect(access)).toMatchObject({
        active: true,
        sub: 'user:12345:dandean',
        scope: expect.stringContaining('hydra.clients') as string,
      });
    });

    it('S4 S39 S43 S62 S64 a consent of any web technology buys tokens, claims and a verifiable ID token', async () => {
      const { callback } = await authorize(
        stage.product,
        new Browser(),
        stage.authorizationUrl({ ...consumer, scope: 'openid offline' }),
      );
      expect(callback.searchParams.get('state')).toBe(consumer.state);
      expect(callback.searchParams.get('iss')).toBe(stage.product.issuer);
      const tokens = await stage.redeem(callback);
      expect(await stage.introspect(tokens.access_token)).toMatchObject({
        active: true,
        sub: 'user:12345:dandean',
        ext: { department: 'sales' },
        scope: 'openid offline',
        client_id: 'some-consumer',
      });
      const keys = JSON.parse((await send(`${stage.product.publicUrl}/.well-known/jwks.json`)).text) as Parameters<
        typeof createLocalJWKSet
      >[0];
      const { payload } = await jwtVerify(tokens.id_token ?? '', createLocalJWKSet(keys), {
        issuer: stage.product.issuer,
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
      const { callback } = await authorize(
        stage.product,
        new Browser(),
        stage.authorizationUrl({ ...consumer, scope }),
      );
      const tokens = await stage.redeem(callback);
      expect([tokens.refresh_token !== undefined, tokens.id_token !== undefined]).toEqual([refresh, idToken]);
    });

    it('S2 a refresh token is rotated, and its reuse revokes the family', async () => {
      const { callback } = await authorize(
        stage.product,
        new Browser(),
        stage.authorizationUrl({ ...consumer, scope: 'openid offline' }),
      );
      const first = await stage.redeem(callback);
      const refresh = (token: string): ReturnType<typeof send> =>
        stage.tokenRequest({ grant_type: 'refresh_token', refresh_token: token }, ['some-consumer', 'consumer-secret']);
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
      expect(await stage.introspect(second.access_token)).toEqual({ active: false });
      expect(await stage.introspect(first.access_token)).toEqual({ active: false });
    });

    it('a code redeemed twice is refused the second time', async () => {
      const { callback } = await authorize(
        stage.product,
        new Browser(),
        stage.authorizationUrl({ ...consumer, scope: 'openid' }),
      );
      await stage.redeem(callback);
      const again = await stage.tokenRequest(
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
      await stage.cli.run([
        'clients',
        'create',
        ...skipTlsVerify,
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
        stage.product,
        new Browser(),
        stage.authorizationUrl({
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
      await stage.cli.run([
        'clients',
        'create',
        ...skipTlsVerify,
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
        stage.authorizationUrl({ ...consumer, client_id: 'literal-consumer', scope: 'openid offline hydra.clients' }),
      );
      const location = new URL(answer.headers.location ?? 'about:blank');
      expect(location.href).toContain(consumer.redirect_uri);
      expect(location.searchParams.get('error')).toBe('invalid_scope');
      expect(location.searchParams.get('state')).toBe(consumer.state);
      const words = `${location.searchParams.get('error_description')} ${location.searchParams.get('error_hint')}`;
      expect(words).toContain('hydra.clients');
      expect(words).toMatch(/allowed-scopes|allowed scopes/);
    });
  });
}
