import path from 'node:path';
import { send } from '../http.js';
import { commandLine, rootToken } from '../product.js';
import { type Stage, skipTlsVerify } from './stage.js';
import { statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

/** Statements of section 8.5 command line and tokens. */
export function describeCommandLineAndTokens(stage: Stage): void {
  describe('8.5 command line and tokens', () => {
    it('S32 connect asks for cluster URL, client ID and client secret in this order', async () => {
      const line = commandLine();
      const ended = await line.run(['connect'], `${stage.product.publicUrl}\nadmin\ndemo-password\n`);
      expect(ended.code).toBe(0);
      expect(ended.stdout.replace(/\s+/g, ' ')).toMatch(
        /Cluster URL \[\]: ?Client ID \[\]: ?Client Secret \[empty\]: ?/,
      );
      line.remove();
    });

    it('S33 the values are kept, in a file that only its owner reads, and shown by a second connect', async () => {
      const ended = await stage.cli.run(['connect'], '\n\n\n');
      expect(ended.stdout).toContain(`Cluster URL [${stage.product.publicUrl}]:`);
      expect(ended.stdout).toContain('Client ID [admin]:');
      expect(ended.stdout).toContain('Client Secret [*********]:');
      expect(statSync(path.join(stage.cli.home, '.castellan.yml')).mode & 0o777).toBe(0o600);
    });

    it('S34 S35 S37 S38 token client prints one opaque token of the connected client', async () => {
      const ended = await stage.cli.run(['token', 'client', ...skipTlsVerify]);
      expect(ended.code).toBe(0);
      expect(ended.stdout).toMatch(/^[^.\s]+\.[^.\s]+\n$/);
      const token = ended.stdout.trim();
      for (const half of token.replace(/^ct_at_/, '').split('.'))
        expect(() => JSON.parse(Buffer.from(half, 'base64url').toString()) as unknown).toThrow();
      const validated = await stage.cli.run(['token', 'validate', ...skipTlsVerify, token]);
      expect(validated.code).toBe(0);
      expect(validated.stdout).toContain('"active": true,');
      expect(validated.stdout).toContain('"sub": "admin",');
      const facts = JSON.parse(validated.stdout) as Record<string, number & string>;
      expect(facts).toMatchObject({ scope: 'hydra', client_id: 'admin', aud: 'admin', iss: stage.product.issuer });
      expect(Number(facts['exp']) - Number(facts['iat'])).toBe(3600);
    });

    it('S36 without --skip-tls-verify every network command fails on the certificate', async () => {
      const ended = await stage.cli.run(['token', 'client']);
      expect(ended.code).not.toBe(0);
      expect(ended.stdout + ended.stderr).toMatch(/self.signed|certificate/i);
    });

    it('S40 introspection is a POST form with client authentication (RFC 7662)', async () => {
      const token = await rootToken(stage.product);
      expect((await send(`${stage.product.publicUrl}/oauth2/introspect`, { form: { token } })).status).toBe(401);
      expect((await send(`${stage.product.publicUrl}/oauth2/introspect?token=x`)).status).toBe(405);
      expect(await stage.introspect(token)).toMatchObject({ active: true, sub: 'admin' });
    });

    it('S41 an invalid token makes token validate fail with exit code 1', async () => {
      const ended = await stage.cli.run(['token', 'validate', ...skipTlsVerify, 'not.a-token']);
      expect(ended.code).toBe(1);
      expect(ended.stderr).toContain('Token is inactive because it is malformed, expired or otherwise invalid');
    });

    it('S14 S19 half tokens, mixed tokens and tokens of another secret are inactive', async () => {
      const [one, two] = [await rootToken(stage.product), await rootToken(stage.product)];
      const [payload = '', mac = ''] = one.split('.');
      const [, otherMac = ''] = two.split('.');
      const flipped = `${one.slice(0, -2)}${one.endsWith('AA') ? 'BB' : 'AA'}`;
      for (const forged of [payload, `.${mac}`, `${payload}.`, `${payload}.${otherMac}`, flipped, `${one} `, `${one}=`])
        expect(await stage.introspect(forged)).toEqual({ active: false });
      expect(await stage.introspect(one)).toMatchObject({ active: true });
    });
  });
}
