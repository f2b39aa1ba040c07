import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { startTestAdmin, type TestAdmin } from './testing/admin-app.js';
import { createBackends, type AccessRequest } from './testing/backends.js';

let admin: TestAdmin;
beforeAll(async () => {
  admin = await startTestAdmin();
});
afterAll(() => admin.close());
beforeEach(() => {
  Object.assign(admin.backends, createBackends());
});

const query = '?logout_challenge=c1';

describe.each(['/admin/oauth2/auth/requests/logout', '/oauth2/auth/requests/logout'])('%s', (path) => {
  it('shows a request as the SDKs read it', async () => {
    const response = await admin.call('GET', `${path}${query}`);
    expect([response.statusCode, response.headers['cache-control']]).toEqual([200, 'no-store']);
    expect(response.json()).toMatchObject({
      challenge: 'c1',
      subject: 'alice',
      sid: 's1',
      request_url: 'https://op.example/oauth2/sessions/logout',
      rp_initiated: true,
      requested_at: '1970-01-01T00:00:01.000Z',
      expires_at: '1970-01-01T00:10:01.000Z',
      client: { client_id: 'rp', client_name: 'Fotos' },
    });
    expect(response.json().client).not.toHaveProperty('client_secret');
  });

  it('accepts a request once', async () => {
    const accepted = await admin.call('PUT', `${path}/accept${query}`);
    expect([accepted.statusCode, accepted.json()]).toEqual([
      200,
      { redirect_to: 'https://op.example/oauth2/sessions/logout?logout_verifier=v' },
    ]);
    expect((await admin.call('PUT', `${path}/accept${query}`)).statusCode).toBe(409);
    const decided = await admin.call('GET', `${path}${query}`);
    expect([decided.statusCode, decided.json()]).toEqual([
      410,
      { redirect_to: 'https://op.example/oauth2/sessions/logout' },
    ]);
  });

  it('rejects a request, about which there is nothing to say', async () => {
    const rejected = await admin.call('PUT', `${path}/reject${query}`, '{}');
    expect([rejected.statusCode, rejected.body]).toEqual([204, '']);
  });

  it.each(['', '?logout_challenge=', `${query}&logout_challenge=c2`])('refuses %j', async (bad) => {
    expect((await admin.call('GET', `${path}${bad}`)).statusCode).toBe(400);
  });

  it('knows no other', async () => {
    for (const [method, end] of [
      ['GET', ''],
      ['PUT', '/accept'],
      ['PUT', '/reject'],
    ] as const) {
      expect((await admin.call(method, `${path}${end}?logout_challenge=c9`)).statusCode).toBe(404);
    }
  });

  it('asks the Warden about this challenge and this action', async () => {
    const asked: AccessRequest[] = [];
    admin.backends.decide = (access) => asked.push(access) === 0;
    await admin.call('GET', `${path}?logout_challenge=a:b`);
    await admin.call('PUT', `${path}/accept${query}`);
    await admin.call('PUT', `${path}/reject${query}`);
    expect(asked.map(({ resource, action }) => [resource, action])).toEqual([
      ['rn:castellan:oauth2:auth:requests:logout:a%3Ab', 'get'],
      ['rn:castellan:oauth2:auth:requests:logout:c1', 'accept'],
      ['rn:castellan:oauth2:auth:requests:logout:c1', 'reject'],
    ]);
    expect(typeof admin.backends.logoutRequests.get('c1')).toBe('object');
  });
});
