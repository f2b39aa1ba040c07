import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { away, createBackends } from './testing/backends.module.js';
import { startTestGateway, type TestGateway } from './testing/gateway-app.js';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
});
beforeEach(() => void Object.assign(gateway.backends, createBackends()));
afterAll(() => gateway.close());

const headers = { authorization: 'Bearer ct_ra_x', 'content-type': 'application/json' };

describe('the registration endpoints', () => {
  it.each([
    ['POST', '/oauth2/register', 201, 'register', { metadataJson: '{"a":[1]}' }],
    ['GET', '/oauth2/register/c%2F1', 200, 'read', { clientId: 'c/1' }],
    ['PUT', '/oauth2/register/c', 200, 'update', { clientId: 'c', metadataJson: '{"a":[1]}' }],
    ['DELETE', '/oauth2/register/c', 204, 'delete', { clientId: 'c' }],
  ] as const)('%s %s answers %i', async (method, url, status, rpc, request) => {
    const asked: unknown[] = [];
    gateway.backends.registration = (...call) => {
      asked.push(call);
      return rpc === 'delete' ? {} : { clientJson: '{"client_id":"c"}' };
    };
    const withBody = method === 'POST' || method === 'PUT';
    const response = await gateway.request({ method, url, headers, ...(withBody ? { payload: '{"a":[1]}' } : {}) });
    expect(response.statusCode).toBe(status);
    expect(response.headers['cache-control']).toBe('no-store');
    expect(response.body).toBe(rpc === 'delete' ? '' : '{"client_id":"c"}');
    expect(asked).toEqual([[rpc, { authorization: 'Bearer ct_ra_x', ...request }]]);
  });

  it('challenge who has no good token, and say what is wrong with metadata', async () => {
    const refuse = (error: string, status: number) => {
      gateway.backends.registration = () => ({ error: { error, description: 'd', status, hint: 'h' } });
    };
    refuse('invalid_token', 401);
    const unauthorized = await gateway.request({ url: '/oauth2/register/c' });
    expect(unauthorized.statusCode).toBe(401);
    expect(unauthorized.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
    refuse('invalid_client_metadata', 400);
    const invalid = await gateway.request({ method: 'POST', url: '/oauth2/register', headers, payload: '{}' });
    expect(invalid.statusCode).toBe(400);
    expect(invalid.json()).toMatchObject({ error: 'invalid_client_metadata' });
  });

  it('answer OAuth 2.0 errors to bodies that cannot be read and to outages', async () => {
    const garbage = await gateway.request({ method: 'POST', url: '/oauth2/register', headers, payload: '{' });
    expect(garbage.statusCode).toBe(400);
    expect(garbage.json()).toHaveProperty('error');
    gateway.backends.registration = away;
    const outage = await gateway.request({ url: '/oauth2/register/c', headers });
    expect(outage.statusCode).toBe(503);
    expect(outage.json()).toMatchObject({ error: 'temporarily_unavailable' });
  });
});
