import { authorize } from '../consent-player.js';
import { Browser, send } from '../http.js';
import { processes, rootToken, startProduct } from '../product.js';
import { type Stage, consumer } from './stage.js';
import { describe, expect, it } from 'vitest';

/** Statements of section what must hold after all of it. */
export function describeAfterwards(stage: Stage): void {
  describe('what must hold after all of it', () => {
    it('S18 no row of any table contains a usable token, code or secret', async () => {
      const { callback } = await authorize(
        stage.product,
        new Browser(),
        stage.authorizationUrl({ ...consumer, scope: 'openid offline' }),
      );
      const code = callback.searchParams.get('code') ?? '';
      const unused = await authorize(
        stage.product,
        new Browser(),
        stage.authorizationUrl({ ...consumer, scope: 'openid offline' }),
      );
      const tokens = await stage.redeem(callback);
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
      const tables = await stage.database.query(
        `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname IN ('token', 'warden', 'keys')`,
      );
      for (const { name } of tables.rows as { name: string }[]) {
        const dump = (
          await stage.database.query(`SELECT coalesce(string_agg(t::text, E'\\n'), '') AS text FROM ${name} t`)
        ).rows[0] as { text: string };
        for (const part of parts) expect(dump.text.includes(part), `${name} holds a secret`).toBe(false);
      }
    });

    it('no log line contains a token, code, secret or consent response', () => {
      expect(stage.product.log()).not.toMatch(
        /ct_(at|rt|ac)_[A-Za-z0-9_-]{20}|consumer-secret|consent-secret|demo-password|eyJ[A-Za-z0-9_-]{20}/,
      );
    });

    it('S17 S26 S30 a restart keeps clients, policies, keys, tokens and the certificate; other root credentials change nothing', async () => {
      const token = await rootToken(stage.product);
      const before = { keys: await stage.read('/.well-known/jwks.json'), certificate: await stage.fingerprint() };
      expect(await stage.product.stop()).toEqual(Array.from({ length: processes[stage.mode] }, () => 0));
      const old = stage.product;
      stage.product = await startProduct({
        mode: stage.mode,
        databaseUrl: stage.database.url,
        issuer: old.issuer,
        consentUrl: `http://localhost:${stage.consentPort}/consent`,
      });
      expect(await stage.introspect(token)).toMatchObject({ active: true, sub: 'admin' });
      expect(await stage.read('/.well-known/jwks.json')).toEqual(before.keys);
      if (stage.mode === 'host') expect(await stage.fingerprint()).toBe(before.certificate);
      const bearer = await rootToken(stage.product);
      for (const route of ['/clients/some-consumer', '/policies/consent-app-policy', '/clients/admin'])
        expect((await send(`${stage.product.adminUrl}${route}`, { bearer })).status, route).toBe(200);
    });

    it('S15 another system secret is refused with a clear message and a non-zero exit', async () => {
      const failure = await startProduct({
        mode: 'host',
        databaseUrl: stage.database.url,
        systemSecret: 'another secret that is also long enough',
      }).then(
        () => 'started',
        (cause: unknown) => String(cause),
      );
      expect(failure).toMatch(/ended with [1-9]/);
      expect(failure).toMatch(/SYSTEM_SECRET/);
    });

    it('S1 the guide took far less than fifteen minutes', () => {
      expect(performance.now() - stage.startedAt).toBeLessThan(15 * 60_000);
    });
  });
}
