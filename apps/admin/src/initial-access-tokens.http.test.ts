import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { startTestAdmin, type TestAdmin } from './testing/admin-app.js';
import { createBackends } from './testing/backends.js';

let admin: TestAdmin;

beforeAll(async () => {
  admin = await startTestAdmin();
});
beforeEach(() => void Object.assign(admin.backends, createBackends()));
afterAll(() => admin.close());

function post(body: string) {
  return admin.call('POST', '/initial-access-tokens', body);
}

describe('POST /initial-access-tokens', () => {
  it('makes a token for one registration within a day, unless told otherwise', async () => {
    const first = await post('{}');
    expect(first.statusCode).toBe(201);
    expect(first.headers['cache-control']).toBe('no-store');
    expect(first.json()).toEqual({ token: 'ct_ia_1_86400000', uses: 1, expires_in: 86_400 });
    expect((await post('{"uses":5,"lifetime":"1h"}')).json()).toEqual({
      token: 'ct_ia_5_3600000',
      uses: 5,
      expires_in: 3_600,
    });
  });

  it.each(['{"uses":"5"}', '{"uses":1.5}', '{"lifetime":"soon"}', '{"uses":0}'])('refuses %s', async (body) => {
    expect((await post(body)).statusCode).toBe(400);
  });
});
