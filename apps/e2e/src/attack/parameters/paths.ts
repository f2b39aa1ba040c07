import { describe, expect, it } from 'vitest';
import { sendBytes } from '../raw.js';
import { authorizationQuery, grantRows, rawTo } from '../target.js';
import { credentials, formType, type Header, type Sending } from './sending.js';

/** Paths, methods, and what stands around a body. */
export function attackWithPaths({ target }: Sending): void {
  describe('paths and methods', () => {
    it.each([
      '//clients',
      '/clients/',
      '/CLIENTS',
      '/Clients',
      '/clients;x',
      '/clients;x=1/',
      '/%63lients',
      '/./clients',
      '/x/../clients',
      '/clients%2f',
      '/clients%2Fconf',
      '/clients%00',
      '/clients%20',
      '/clients?',
      '/clients#x',
      '/clients/..',
      '/oauth2/../clients',
      '/oauth2/auth/..;/clients',
      '/\\clients',
      '/clients\\',
      '/%2563lients',
      '/clients.json',
      '/clients/%2e',
      '/.well-known/..%2fclients',
      '/keys/hydra.openid.id-token/private',
      '/keys/hydra.openid.id-token//private',
      '//keys/hydra.openid.id-token/public',
      '/policies/',
      '/warden/allowed/',
      '/health/stats',
      '/health/stats/',
      '/health//stats',
    ])('PM-10: %s is guarded or nothing', async (path) => {
      const answer = await rawTo(target(), { path });
      expect([400, 401, 403, 404, 405]).toContain(answer.status);
      expect(answer.body).not.toContain('rp.example');
    });

    it.each([
      ['/oauth2/auth', 'GET, HEAD, POST'],
      ['/oauth2/token', 'POST'],
      ['/oauth2/revoke', 'POST'],
      ['/oauth2/introspect', 'POST'],
      ['/.well-known/jwks.json', 'GET, HEAD'],
      ['/.well-known/openid-configuration', 'GET, HEAD'],
      ['/clients', 'GET, HEAD, POST'],
      ['/policies', 'GET, HEAD, POST'],
      ['/warden/allowed', 'POST'],
    ])('PM-11: %s takes %s and nothing else', async (path, allow) => {
      for (const method of ['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'FOO', 'get']) {
        if (allow.split(', ').includes(method)) continue;
        const answer = await rawTo(target(), {
          method,
          path,
          headers: [
            ['X-HTTP-Method-Override', 'GET'],
            ['X-Method-Override', 'POST'],
          ],
        });
        expect([400, 404, 405, 501], `${method} ${path}`).toContain(answer.status);
        if (answer.status === 405) expect(answer.headers.has('allow')).toBe(true);
      }
      const connected = await rawTo(target(), { method: 'CONNECT', path: 'evil.example:443' });
      expect([0, 400, 404, 405]).toContain(connected.status);
    });

    it('PM-11: HEAD has no effect and no body', async () => {
      const before = await grantRows(target());
      const answer = await rawTo(target(), { method: 'HEAD', path: `/oauth2/auth?${authorizationQuery('conf')}` });
      expect([answer.status, answer.body, answer.headers.has('set-cookie')]).toEqual([405, '', false]);
      expect(await grantRows(target())).toBe(before);
      expect((await rawTo(target(), { method: 'HEAD', path: '/clients' })).status).toBe(401);
    });

    it('PM-15: an upgrade is not taken and an expectation harms nobody', async () => {
      for (const upgrade of ['h2c', 'websocket']) {
        const answer = await rawTo(target(), {
          path: '/clients',
          headers: [
            ['Upgrade', upgrade],
            ['Connection', 'Upgrade'],
          ],
        });
        expect(answer.status).not.toBe(101);
      }
      const expecting = await rawTo(target(), {
        method: 'POST',
        path: '/oauth2/token',
        headers: [['Expect', '100-continue'], formType],
        body: credentials,
      });
      expect(expecting.text).toMatch(/^HTTP\/1\.1 (100|401|400)/);
      const odd = await rawTo(target(), {
        method: 'POST',
        path: '/oauth2/token',
        headers: [['Expect', 'the-unexpected'], formType],
        body: credentials,
      });
      expect([400, 401, 417]).toContain(odd.status);
    });

    it('PM-16: lengths that two readers read differently are refused', async () => {
      const head =
        'POST /oauth2/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n';
      const smuggled = [
        `${head}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /clients HTTP/1.1\r\nHost: localhost\r\n\r\n`,
        `${head}Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde`,
        `${head}Content-Length: +4\r\n\r\nabcd`,
        `${head}Content-Length: 0x4\r\n\r\nabcd`,
        `${head}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
        `${head}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`,
        `${head}Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n`,
        `${head}X: a\r\n b\r\nContent-Length: 0\r\n\r\n`,
        `${head}X\0: a\r\nContent-Length: 0\r\n\r\n`,
        `${head}X: a\nContent-Length: 0\r\n\r\n`,
        `GET /clients\tHTTP/1.1\r\nHost: localhost\r\n\r\n`,
        `GET /clients HTTP/9.9\r\nHost: localhost\r\n\r\n`,
        `GET /cli\0ents HTTP/1.1\r\nHost: localhost\r\n\r\n`,
        'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      ];
      for (const text of smuggled) {
        const answer = await sendBytes(target().port, text, 1_500);
        expect([0, 400, 505], text).toContain(answer.status);
        expect(answer.text.match(/HTTP\/1\.1 /g)?.length ?? 0).toBeLessThanOrEqual(1);
      }
    });

    it('PM-17: one Host, and a target that is a path', async () => {
      const path = '/.well-known/openid-configuration';
      const close = ['Connection', 'close'] as const;
      expect((await rawTo(target(), { path, bare: true, headers: [close] })).status).toBe(400);
      expect((await rawTo(target(), { path, bare: true, headers: [['Host', 'a'], ['Host', 'b'], close] })).status).toBe(
        400,
      );
      for (const absolute of [`http://evil.example${path}`, 'https://localhost/clients', '*', 'clients', '?x', '']) {
        expect([400, 404], absolute).toContain((await rawTo(target(), { path: absolute })).status);
      }
      const old = await rawTo(target(), { path, version: '1.0', bare: true });
      expect(old.status).toBe(200);
      expect(old.text).not.toContain('evil');
      expect((await rawTo(target(), { path: '/clients', version: '1.0', bare: true })).status).toBe(401);
      expect(
        (await rawTo(target(), { path: '/clients', version: '1.0', headers: [['X-Forwarded-For', '127.0.0.1']] }))
          .status,
      ).toBe(401);
    });

    it('PM-18: nobody is believed about where he comes from', async () => {
      const headers: Header[] = [
        ['X-Forwarded-Proto', 'http'],
        ['X-Forwarded-For', '127.0.0.1'],
        ['X-Real-Ip', '127.0.0.1'],
        ['Forwarded', 'for=127.0.0.1;proto=http'],
        ['X-Forwarded-Client-Cert', 'x'],
        ['X-Ssl-Cert', 'x'],
        ['X-User', 'admin'],
      ];
      expect((await rawTo(target(), { path: '/clients', headers })).status).toBe(401);
      const answer = await rawTo(target(), { path: `/oauth2/auth?${authorizationQuery('conf')}`, headers });
      expect(answer.headers.get('set-cookie')?.[0]).toMatch(/^__Host-.*; Secure$/);
    });

    it.each(['x'.repeat(10_240), '{"a":1}', 'a b', '\u001b[31m', '../../etc', 'a"b'])(
      'PM-19: a request id that is not plain is replaced (%#)',
      async (id) => {
        const answer = await rawTo(target(), { path: '/clients', headers: [['X-Request-Id', id]] });
        if (answer.status === 400) return;
        expect(answer.headers.get('x-request-id')?.[0]).toMatch(/^[A-Za-z0-9._-]{1,128}$/);
        expect(answer.headers.get('x-request-id')?.[0]).not.toBe(id);
        expect(answer.body).not.toContain(id);
      },
    );
  });
}
