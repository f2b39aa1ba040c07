import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { createBackends, introspection, issuedTokens } from './testing/backends.module.js';
import { startTestGateway, type TestGateway } from './testing/gateway-app.js';

let gateway: TestGateway;
let calls: number;
beforeAll(async () => {
  // One place, and a limit that no delay of this machine moves.
  gateway = await startTestGateway({}, { kind: 'http' }, { min: 1, max: 1, targetDelayMs: 600_000 });
});
afterAll(() => gateway.close());
beforeEach(() => {
  calls = 0;
  Object.assign(gateway.backends, createBackends(), {
    issueToken: () => (calls++, { tokens: issuedTokens({}) }),
    introspectForCaller: () => (calls++, { introspection: introspection({}) }),
  });
});

describe('a gateway without a free place', () => {
  it.each(['/oauth2/token', '/oauth2/introspect', '/oauth2/revoke'])(
    'answers %s temporarily_unavailable with 503 and Retry-After, and asks no service',
    async (path) => {
      const giveBack = gateway.takePlace();
      const refused = await gateway.post(path, 'grant_type=client_credentials&token=x', {
        authorization: 'Basic eDp5',
      });
      giveBack();
      expect(refused.statusCode).toBe(503);
      expect(refused.headers).toMatchObject({
        'content-type': 'application/json;charset=UTF-8',
        'cache-control': 'no-store',
        'retry-after': '2',
      });
      expect(refused.json()).toMatchObject({ error: 'temporarily_unavailable', statusCode: 503 });
      expect(calls).toBe(0);
    },
  );

  it('shows a browser at the authorization endpoint a page, and sends it nowhere', async () => {
    const giveBack = gateway.takePlace();
    const url = '/oauth2/auth?client_id=x&response_type=code&redirect_uri=https%3A%2F%2Fevil.example%2F';
    const page = await gateway.request({ url, headers: { accept: 'text/html' } });
    const json = await gateway.request({ url, headers: { accept: 'application/json' } });
    giveBack();
    expect(page.statusCode).toBe(503);
    expect(page.headers).toMatchObject({ 'content-type': 'text/html; charset=utf-8', 'retry-after': '2' });
    expect(page.headers).not.toHaveProperty('location');
    expect(page.body).toContain('temporarily_unavailable');
    expect(page.body).not.toContain('evil.example');
    expect(json.json()).toMatchObject({ error: 'temporarily_unavailable' });
  });

  it('answers health, and serves as soon as a place is free', async () => {
    const giveBack = gateway.takePlace();
    for (const url of ['/health', '/health/alive', '/version']) {
      expect((await gateway.request({ url })).statusCode, url).toBe(200);
    }
    giveBack();
    expect((await gateway.post('/oauth2/token', 'grant_type=client_credentials')).statusCode).toBe(200);
    expect(calls).toBe(1);
  });

  it('says 429 and when to come again where the token service says that a caller asks too much', async () => {
    gateway.backends.issueToken = () => ({
      error: { error: 'temporarily_unavailable', description: 'later', status: 429, hint: '' },
    });
    const refused = await gateway.post('/oauth2/token', 'grant_type=client_credentials');
    expect(refused.statusCode).toBe(429);
    expect(refused.headers['retry-after']).toBe('2');
    expect(refused.json()).toMatchObject({ error: 'temporarily_unavailable', statusCode: 429 });
  });
});
