import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { startTestAdmin, type TestAdmin } from './testing/admin-app.js';
import { createBackends } from './testing/backends.js';

let admin: TestAdmin;
beforeAll(async () => {
  admin = await startTestAdmin();
});
afterAll(() => admin.close());
beforeEach(() => {
  Object.assign(admin.backends, createBackends());
});

const introspect = (form: string) =>
  admin.call('POST', '/admin/oauth2/introspect', form, { 'content-type': 'application/x-www-form-urlencoded' });

describe('POST /admin/oauth2/introspect', () => {
  it('answers an active token as Hydra does', async () => {
    admin.backends.tokens.set('t', { subject: 'peter', scopes: ['a', 'b'], extraJson: '{"x":1}' });
    const response = await introspect('token=t&scope=a');
    expect([response.statusCode, response.headers['cache-control']]).toEqual([200, 'no-store']);
    expect(response.body).toBe(
      '{"active":true,"scope":"a b","client_id":"app","sub":"peter","exp":1750003600,"iat":1750000000,' +
        '"nbf":1750000000,"aud":["app"],"iss":"https://issuer.example","token_type":"Bearer",' +
        '"token_use":"access_token","ext":{"x":1}}',
    );
  });

  it('answers 200 and active false for what is unknown, and for a scope that was not granted', async () => {
    for (const form of ['token=unknown', 'token=root-token&scope=other']) {
      const response = await introspect(form);
      expect([response.statusCode, response.body]).toEqual([200, '{"active":false}']);
    }
  });

  it.each(['', 'token=', 'scope=a', 'token=a&token=b', 'token=a&scope=a&scope=b'])('refuses %j', async (form) => {
    const response = await introspect(form);
    expect([response.statusCode, response.json().error]).toEqual([400, 'invalid_request']);
  });

  it('reads no token from the query, and no JSON', async () => {
    expect((await admin.call('POST', '/admin/oauth2/introspect?token=root-token')).statusCode).toBe(400);
    expect((await admin.call('POST', '/admin/oauth2/introspect', '{"token":"root-token"}')).statusCode).toBe(400);
  });
});

describe('DELETE /admin/oauth2/tokens', () => {
  it('ends the grants of the client', async () => {
    expect((await admin.call('DELETE', '/admin/oauth2/tokens?client_id=stored')).statusCode).toBe(204);
    expect(admin.backends.grants).toEqual([{ clientId: 'other', subject: 'alice' }]);
  });

  it.each(['', '?client_id=', '?client_id=a&client_id=b', '?subject=alice'])('ends nothing for %j', async (query) => {
    expect((await admin.call('DELETE', `/admin/oauth2/tokens${query}`)).statusCode).toBe(400);
    expect(admin.backends.grants).toHaveLength(3);
  });
});
