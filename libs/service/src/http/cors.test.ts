import { afterEach, describe, expect, it } from 'vitest';
import { closeAll, open } from '../testing/http-app.js';

afterEach(closeAll);

describe('cross-origin requests', () => {
  const cors = {
    origins: ['https://app.example'],
    methods: ['GET', 'POST'],
    headers: ['Authorization'],
    credentials: false,
    maxAge: 60,
  };
  const preflight = { 'access-control-request-method': 'GET' };

  it('are nothing special when CORS is off', async () => {
    const { app } = await open();
    const answer = await app.inject({ url: '/clients', headers: { origin: 'https://app.example' } });
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
    expect(
      (
        await app.inject({
          method: 'OPTIONS',
          url: '/clients',
          headers: { origin: 'https://app.example', ...preflight },
        })
      ).statusCode,
    ).toBe(405);
  });

  it('are allowed for a listed origin and method', async () => {
    const { app } = await open({ cors });
    const headers = { origin: 'https://app.example' };
    const asked = await app.inject({ method: 'OPTIONS', url: '/clients', headers: { ...headers, ...preflight } });
    expect(asked.statusCode).toBe(204);
    expect(asked.headers).toMatchObject({
      'access-control-allow-origin': 'https://app.example',
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers': 'Authorization',
      'access-control-max-age': '60',
      vary: 'Origin',
    });
    const answer = await app.inject({ url: '/clients', headers });
    expect(answer.headers['access-control-allow-origin']).toBe('https://app.example');
    expect(answer.headers).not.toHaveProperty('access-control-allow-credentials');
    expect((await app.inject({ url: '/fail/refused', headers })).headers['access-control-allow-origin']).toBe(
      'https://app.example',
    );
  });

  it.each([
    ['the origin null', '/clients', 'null', 'GET'],
    ['a longer host', '/clients', 'https://app.example.evil', 'GET'],
    ['a host before it', '/clients', 'https://evilapp.example', 'GET'],
    ['another port', '/clients', 'https://app.example:444', 'GET'],
    ['another scheme', '/clients', 'http://app.example', 'GET'],
    ['a method that is not listed', '/clients/7', 'https://app.example', 'DELETE'],
    ['a method that the route lacks', '/clients/7', 'https://app.example', 'POST'],
    ['the authorization endpoint', '/oauth2/auth', 'https://app.example', 'GET'],
    ['the authorization endpoint, encoded', '/oauth2/%61uth', 'https://app.example', 'GET'],
    ['the end session endpoint', '/oauth2/sessions/logout', 'https://app.example', 'GET'],
    ['an unknown path', '/nothing', 'https://app.example', 'GET'],
  ])('are refused for %s', async (_title, url, origin, method) => {
    const { app } = await open({ cors });
    const headers = { origin, 'access-control-request-method': method };
    const asked = await app.inject({ method: 'OPTIONS', url, headers });
    expect([404, 405]).toContain(asked.statusCode);
    expect(asked.headers).not.toHaveProperty('access-control-allow-origin');
    if (method !== 'GET') return;
    const answer = await app.inject({ url, headers: { origin } });
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
  });
});
