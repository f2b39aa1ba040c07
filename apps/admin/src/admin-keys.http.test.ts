import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { startTestAdmin, type TestAdmin } from './testing/admin-app.js';
import { createBackends, snapshot } from './testing/backends.js';

let admin: TestAdmin;
beforeAll(async () => {
  admin = await startTestAdmin();
});
afterAll(() => admin.close());
beforeEach(() => {
  Object.assign(admin.backends, createBackends());
});

describe('keys below /admin', () => {
  it('POST makes one JWK under the key ID given, or under one of its own', async () => {
    const named = await admin.call('POST', '/admin/keys/s2', '{"alg":"HS256","kid":"mine","use":"sig"}');
    expect([named.statusCode, named.headers.location]).toEqual([201, '/admin/keys/s2']);
    expect(named.json()).toEqual({ keys: [{ kty: 'oct', kid: 'mine', k: 'k' }] });
    const unnamed = await admin.call('POST', '/admin/keys/s3', '{"alg":"HS256","kid":"","use":"sig"}');
    expect(unnamed.json().keys).toMatchObject([{ kid: 'random' }]);
  });

  it('GET answers a set, and one key of it as a set', async () => {
    expect((await admin.call('GET', '/admin/keys/s1')).json().keys).toHaveLength(2);
    expect((await admin.call('GET', '/admin/keys/s1/k9')).json().keys).toMatchObject([{ kid: 'k9' }]);
    expect((await admin.call('GET', '/admin/keys/absent')).json()).toMatchObject({ error: 'not_found' });
  });

  it('PUT stores a set and a key, DELETE removes them', async () => {
    const set = await admin.call('PUT', '/admin/keys/s4', '{"keys":[{"kty":"oct","kid":"a","k":"k"}]}');
    expect([set.statusCode, set.json()]).toEqual([200, { keys: [{ kty: 'oct', kid: 'a', k: 'k' }] }]);
    const key = await admin.call('PUT', '/admin/keys/s4/b', '{"kty":"oct","kid":"b","k":"k"}');
    expect([key.statusCode, key.json()]).toEqual([200, { kty: 'oct', kid: 'b', k: 'k' }]);
    expect((await admin.call('DELETE', '/admin/keys/s4/a')).statusCode).toBe(204);
    expect((await admin.call('DELETE', '/admin/keys/s4')).statusCode).toBe(204);
    expect((await admin.call('DELETE', '/admin/keys/s4')).statusCode).toBe(404);
  });

  it.each([
    ['an algorithm that is unknown', '{"alg":"none","kid":"x","use":"sig"}'],
    ['a key to encrypt with', '{"alg":"HS256","kid":"x","use":"enc"}'],
    ['no algorithm', '{"kid":"x","use":"sig"}'],
  ])('POST refuses %s and makes nothing', async (_title, body) => {
    const before = snapshot(admin.backends);
    const response = await admin.call('POST', '/admin/keys/s5', body);
    expect([response.statusCode, response.json().error]).toEqual([400, 'invalid_request']);
    expect(snapshot(admin.backends)).toBe(before);
  });

  it('asks nobody about a public key without a token: every call below /admin has one', async () => {
    admin.backends.decide = () => true;
    expect((await admin.callWithout('GET', '/keys/s1/public')).statusCode).toBe(200);
    expect((await admin.callWithout('GET', '/admin/keys/s1/public')).statusCode).toBe(401);
  });
});
