import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { away, createBackends } from './testing/backends.module.js';
import { startTestGateway, type TestGateway } from './testing/gateway-app.js';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
});
beforeEach(() => void Object.assign(gateway.backends, createBackends()));
afterAll(() => gateway.close());

const bearer = { authorization: 'Bearer ct_at_x' };
const error = (code: string, status: number) => ({ error: { error: code, description: 'd', status, hint: '' } });

describe('GET and POST /userinfo', () => {
  it('answer claims as JSON that nobody may cache', async () => {
    const response = await gateway.request({ url: '/userinfo', headers: bearer });
    expect(response.statusCode).toBe(200);
    expect(response.json()).toEqual({ sub: 'alice' });
    expect(response.headers).toMatchObject({ 'cache-control': 'no-store' });
    expect(response.headers['content-type']).toContain('application/json');
  });

  it('answer a JWT as one', async () => {
    gateway.backends.userinfo = () => ({ jwt: 'a.b.c' });
    const response = await gateway.post('/userinfo', '', bearer);
    expect(response.body).toBe('a.b.c');
    expect(response.headers['content-type']).toContain('application/jwt');
  });

  it('hand on the header and the form, and nothing of the query', async () => {
    const asked: unknown[] = [];
    gateway.backends.userinfo = (request) => {
      asked.push(request);
      return { claimsJson: '{}' };
    };
    await gateway.request({ url: '/userinfo?access_token=q', headers: bearer });
    await gateway.post('/userinfo?access_token=q', 'access_token=f');
    expect(asked).toEqual([
      { authorization: 'Bearer ct_at_x', parameters: [] },
      { authorization: '', parameters: [{ name: 'access_token', value: 'f' }] },
    ]);
  });

  it.each([
    ['Bearer realm="castellan"', 'invalid_token', 401, {}],
    ['Bearer realm="castellan", error="invalid_token"', 'invalid_token', 401, bearer],
    ['Bearer realm="castellan", error="insufficient_scope", scope="openid"', 'insufficient_scope', 403, bearer],
  ])('challenge with %s', async (challenge, code, status, headers) => {
    gateway.backends.userinfo = () => error(code, status);
    const response = await gateway.request({ url: '/userinfo', headers });
    expect(response.statusCode).toBe(status);
    expect(response.headers['www-authenticate']).toBe(challenge);
  });

  it('are 503 while the token service is away, and 405 for other methods', async () => {
    gateway.backends.userinfo = away;
    expect((await gateway.request({ url: '/userinfo', headers: bearer })).statusCode).toBe(503);
    expect((await gateway.request({ method: 'DELETE', url: '/userinfo' })).statusCode).toBe(405);
  });
});
