import { startOurConsentApp } from '../consent-app.js';
import { send } from '../http.js';
import { ROOT, rootToken } from '../product.js';
import { type Stage, type Tokens, skipTlsVerify } from './stage.js';
import { describe, expect, it } from 'vitest';

/** Statements of section 8.6 consent flow and client. */
export function describeConsentFlow(stage: Stage): void {
  describe('8.6 consent flow and client', () => {
    it('S42 S45 no user, no password, no login page; only OAuth 2.0 and OpenID Connect grants', async () => {
      const columns = await stage.database.query(
        `SELECT table_name, column_name FROM information_schema.columns
          WHERE table_schema IN ('token', 'warden', 'keys') AND (column_name ~ 'password' OR table_name ~ 'user')`,
      );
      expect(columns.rows).toEqual([]);
      const answer = await stage.tokenRequest({ grant_type: 'password', username: 'dan', password: 'x' }, ROOT);
      expect(JSON.parse(answer.text)).toMatchObject({ error: 'unsupported_grant_type' });
    });

    it('S49 without the policy the key is refused although the scope is there, with it the key is read', async () => {
      const created = await stage.cli.run([
        'clients',
        'create',
        ...skipTlsVerify,
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
        const answer = await stage.tokenRequest({ grant_type: 'client_credentials', scope: 'hydra.keys.get' }, [
          'consent-app',
          'consent-secret',
        ]);
        return (JSON.parse(answer.text) as Tokens).access_token;
      };
      const key = `${stage.product.adminUrl}/keys/hydra.consent.response/private`;
      expect((await send(key, { bearer: await token() })).status).toBe(403);
      const policy = await stage.cli.run([
        'policies',
        'create',
        ...skipTlsVerify,
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
          (await send(`${stage.product.adminUrl}${refused}`, { bearer: await token() })).status,
          `S48 ${refused}`,
        ).toBe(403);
      expect(
        (await send(`${stage.product.adminUrl}/keys/hydra.consent.challenge/public`, { bearer: await token() })).status,
      ).toBe(200);
    });

    it('S52 the same engine is offered as Warden API', async () => {
      const bearer = await rootToken(stage.product);
      const ask = async (route: string, json: unknown): Promise<unknown> =>
        JSON.parse((await send(`${stage.product.adminUrl}/warden/${route}`, { bearer, json })).text) as unknown;
      const resource = 'rn:hydra:keys:hydra.consent.response:private';
      expect(await ask('allowed', { subject: 'consent-app', action: 'get', resource })).toEqual({ allowed: true });
      expect(await ask('allowed', { subject: 'consent-app', action: 'delete', resource })).toEqual({
        allowed: false,
      });
      const token = await rootToken(stage.product);
      expect(
        await ask('token/allowed', { token, scopes: ['hydra.clients'], action: 'get', resource: 'rn:hydra:clients' }),
      ).toMatchObject({
        allowed: true,
        sub: 'admin',
        aud: 'admin',
        iss: stage.product.issuer,
        scopes: ['hydra'],
      });
      expect(
        await ask('token/allowed', { token, scopes: ['foo'], action: 'get', resource: 'rn:hydra:clients' }),
      ).toEqual({ allowed: false });
    });

    it('S53 S54 the consent app runs with the variables of the guide, under another host name than the issuer', async () => {
      stage.consent = await startOurConsentApp(stage.product, {
        port: stage.consentPort,
        host: '127.0.0.1',
        client: ['consent-app', 'consent-secret'],
      });
      const answer = await send(`http://localhost:${stage.consentPort}/`);
      expect(answer.status).toBe(200);
      expect(answer.text).toMatch(/<!doctype html>/i);
    });
  });
}
