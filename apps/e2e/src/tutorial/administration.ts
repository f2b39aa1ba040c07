import path from 'node:path';
import { send } from '../http.js';
import { rootToken } from '../product.js';
import { workspace } from '../program.js';
import { type Stage, consumer, skipTlsVerify } from './stage.js';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

/** Statements of section 8.8 the command line. */
export function describeAdministration(stage: Stage): void {
  describe('8.8 the command line', () => {
    it('S69 --skip-tls-verify is taken at any position', async () => {
      for (const args of [
        ['--skip-tls-verify', 'token', 'client'],
        ['token', '--skip-tls-verify', 'client'],
        ['token', 'client', '--skip-tls-verify'],
      ])
        expect((await stage.cli.run(args)).code, args.join(' ')).toBe(0);
    });

    it('S70 comma lists are lists', async () => {
      const answer = await send(`${stage.product.adminUrl}/clients/some-consumer`, {
        bearer: await rootToken(stage.product),
      });
      expect(JSON.parse(answer.text)).toMatchObject({
        grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
        response_types: ['token', 'code', 'id_token'],
        scope: 'openid offline hydra.clients',
        redirect_uris: [consumer.redirect_uri],
      });
    });

    it('S71 help lists commands and flags', async () => {
      const help = await stage.cli.run(['help']);
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
      expect((await stage.cli.run(['help', 'clients', 'create'])).stdout).toContain('--allowed-scopes');
      expect((await stage.cli.run(['token', 'user', '-h'])).stdout).toContain('--no-open');
    });

    it('S72 policies, groups and keys are managed over HTTP alone', async () => {
      const ok = async (...args: string[]): Promise<string> => {
        const ended = await stage.cli.run([...args, ...skipTlsVerify]);
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
      const bearer = await rootToken(stage.product);
      const allowed = async (): Promise<unknown> =>
        JSON.parse(
          (
            await send(`${stage.product.adminUrl}/warden/allowed`, {
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
      expect(await ok('token', 'revoke', await rootToken(stage.product))).toContain('Revoked token');
      expect(await ok('clients', 'delete', 'hybrid')).toContain('Client(s) deleted.');
    });

    it('S6 the licence is Apache-2.0 and the product says how to report a vulnerability', () => {
      expect(readFileSync(path.join(workspace, 'LICENSE'), 'utf8')).toContain('Apache License');
      expect(existsSync(path.join(workspace, 'SECURITY.md'))).toBe(true);
    });
  });
}
