import { request as httpsRequest } from 'node:https';
import { connect as tlsConnect } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { createTestAuthority } from '../testing/certificates.js';
import { closeAll, listen, log, open, raw } from '../testing/http-app.js';

afterEach(closeAll);

describe('the answers of an HTTP app', () => {
  it('carry the security headers and a request id, and are not cached unless the endpoint says so', async () => {
    const { app } = await open();
    for (const [url, status] of [
      ['/clients', 200],
      ['/absent', 404],
      ['/fail/crash', 500],
      ['/page', 200],
    ] as const) {
      const answer = await app.inject({ url, headers: { 'x-request-id': 'abc.DEF-1_2' } });
      expect(answer.statusCode).toBe(status);
      expect(answer.headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-store',
        'x-request-id': 'abc.DEF-1_2',
      });
      expect(answer.headers).not.toHaveProperty('x-powered-by');
      expect(answer.headers).not.toHaveProperty('server');
      expect(answer.headers).not.toHaveProperty('strict-transport-security');
    }
    expect((await app.inject('/keys')).headers['cache-control']).toBe('public, max-age=300');
    const page = await app.inject('/page');
    expect(page.headers['content-security-policy']).toBe(
      "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    );
  });

  it.each(['', 'a'.repeat(129), '{"a":1}', 'a b', '../x'])('replace the request id %j', async (id) => {
    const { app } = await open();
    const answer = await app.inject({ url: '/clients', headers: { 'x-request-id': id } });
    expect(answer.headers['x-request-id']).toMatch(/^[A-Za-z0-9_-]{16}$/);
  });

  it('tell errors as the original did, faults without detail', async () => {
    const { app } = await open();
    const refused = await app.inject({ url: '/fail/refused', headers: { 'x-request-id': 'r1' } });
    expect(refused.headers['www-authenticate']).toBe('Bearer');
    expect(refused.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(refused.json()).toEqual({
      error: { code: 401, status: 'Unauthorized', request: 'r1', message: 'No token' },
    });
    expect((await app.inject('/fail/absent')).json()).toEqual({
      error: { code: 404, status: 'Not Found', message: 'Not found' },
    });
    const outage = await app.inject('/fail/outage');
    expect(outage.statusCode).toBe(503);
    expect(outage.body).not.toContain('10.0.0.7');
    const crash = await app.inject('/fail/crash');
    expect(crash.statusCode).toBe(500);
    expect(crash.body).not.toContain('hunter2');
    expect(log.filter((line) => line.includes('A request failed'))).toHaveLength(2);
  });

  it('take the form that a module gives to the errors of its endpoints', async () => {
    const { app } = await open();
    const answer = await app.inject({
      method: 'POST',
      url: '/oauth2/token',
      payload: 'a=%ff',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toEqual({ error: 'invalid_request' });
    expect((await app.inject('/oauth2/token')).statusCode).toBe(405);
  });

  it('are logged in one line without the query', async () => {
    const { app } = await open();
    await app.inject({ url: '/clients/7?access_token=ct_at_abc.def&x=1', headers: { 'x-request-id': 'r7' } });
    const lines = log.filter((line) => line.includes('completed handling request'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(
      / level=info msg="completed handling request" method=GET path=\/clients\/:id status=200 took_ms=[\d.]+ request_id=r7\n$/,
    );
    const quiet = await open({ accessLog: false });
    await quiet.app.inject('/clients');
    expect(log.filter((line) => line.includes('completed handling request'))).toHaveLength(1);
  });
});

describe('the routes of an HTTP app', () => {
  it.each([
    '/clients/',
    '/CLIENTS',
    '//clients',
    '/clients;x',
    '/x/../clients',
    '/clients%2f',
    '/clients%00',
    '/./clients',
    '/clients//',
    '/clients/a/b',
    '/%',
  ])('do not have %s', async (url) => {
    const { app } = await open();
    const port = await listen(app);
    const status = (await raw(port, `GET ${url} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`)).slice(9, 12);
    expect(['400', '404']).toContain(status);
  });

  it.each([
    ['PATCH', '/clients', 'GET, HEAD, POST'],
    ['DELETE', '/clients', 'GET, HEAD, POST'],
    ['POST', '/clients/7', 'DELETE, GET, HEAD, PUT'],
    ['OPTIONS', '/clients/7', 'DELETE, GET, HEAD, PUT'],
    ['TRACE', '/clients', 'GET, HEAD, POST'],
    ['GET', '/oauth2/token', 'POST'],
    ['PROPFIND', '/oauth2/token', 'POST'],
  ])('answer %s %s with 405 and Allow: %s', async (method, url, allow) => {
    const { app } = await open();
    const port = await listen(app);
    const answer = await raw(
      port,
      `${method} ${url} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-http-method-override: GET\r\n\r\n`,
    );
    expect(answer.slice(9, 12)).toBe('405');
    expect(answer.toLowerCase()).toContain(`\r\nallow: ${allow.toLowerCase()}\r\n`);
  });

  it('answer HEAD like GET without a body', async () => {
    const { app } = await open();
    const [get, head] = [await app.inject('/clients/7'), await app.inject({ method: 'HEAD', url: '/clients/7' })];
    expect(head.statusCode).toBe(200);
    expect(head.headers['content-length']).toBe(get.headers['content-length']);
    expect(head.body).toBe('');
  });

  it('treat a percent-encoded path as the same route and keep an encoded slash inside a parameter', async () => {
    const { app } = await open();
    expect((await app.inject('/%63lients')).statusCode).toBe(200);
    expect((await app.inject('/clients/a%2Fb')).json()).toEqual({ id: 'a/b' });
    expect((await app.inject(`/clients/${'x'.repeat(1025)}`)).statusCode).toBe(414);
  });
});

describe('https', () => {
  it('needs a certificate, which may be renewed, and speaks TLS 1.2 or later with forward secrecy', async () => {
    const authority = await createTestAuthority();
    const http = await open({ transport: { kind: 'https' } });
    await expect(http.listen({ host: '127.0.0.1', port: 0 })).rejects.toThrow('https needs a certificate');
    http.setCertificate(await authority.issue([]));
    const port = await http.listen({ host: '127.0.0.1', port: 0 });
    expect(log.at(-1)).toMatch(
      new RegExp(
        `^time="\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ" level=info msg="Setting up http server on :${port}"\n$`,
      ),
    );

    const answer = await new Promise<string>((resolve, reject) => {
      const options = {
        port,
        host: '127.0.0.1',
        path: '/clients',
        ca: authority.ca,
        servername: 'localhost',
        headers: { host: 'auth.example' },
        agent: false,
      };
      const request = httpsRequest(options, (response) => {
        response.resume();
        response.on('end', () => resolve(String(response.headers['strict-transport-security'])));
      });
      request.on('error', reject);
      request.end();
    });
    expect(answer).toBe('max-age=31536000');

    async function shake(options: object): Promise<string> {
      return new Promise((resolve) => {
        const socket = tlsConnect(
          { port, host: '127.0.0.1', ca: authority.ca, servername: 'localhost', ...options },
          () => {
            resolve(`${socket.getProtocol()} ${socket.getCipher().name}`);
            socket.destroy();
          },
        );
        socket.on('error', () => resolve('refused'));
      });
    }
    expect(await shake({ maxVersion: 'TLSv1.2' })).toMatch(/^TLSv1\.2 ECDHE-ECDSA-(AES\d+-GCM|CHACHA20)/);
    expect(await shake({ maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' })).toBe('refused');
    expect(await shake({ maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256:ECDHE-ECDSA-AES128-SHA' })).toBe('refused');
    http.setCertificate(await authority.issue([]));
    expect(await shake({})).toMatch(/^TLSv1\.3/);
  });
});
