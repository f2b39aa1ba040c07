import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { startTestAdmin, type TestAdmin } from './testing/admin-app.js';
import { createBackends } from './testing/backends.js';

const plan = {
  set: 's1',
  now: '1970-01-01T00:00:02.000Z',
  alg: 'RS256',
  rotated_every_seconds: 60,
  published_for_seconds: 1_200,
  shown_after_signing_for_seconds: 4_800,
  keys: [
    {
      kid: 'k',
      alg: 'RS256',
      state: 'active',
      since: '1970-01-01T00:00:01.000Z',
      signatures: 7,
      next_state: 'retiring',
      next_at: '1970-01-01T00:01:01.000Z',
    },
  ],
  next: {
    staged_at: '1970-01-01T00:00:20.000Z',
    published_at: '1970-01-01T00:00:40.000Z',
    active_at: '1970-01-01T00:01:01.000Z',
  },
};

let admin: TestAdmin;
beforeAll(async () => {
  admin = await startTestAdmin();
});
afterAll(() => admin.close());
beforeEach(() => {
  Object.assign(admin.backends, createBackends());
});

describe('/rotation', () => {
  it('GET answers the plan of every signing set', async () => {
    const response = await admin.call('GET', '/rotation');
    expect([response.statusCode, JSON.parse(response.body)]).toEqual([200, { sets: [plan] }]);
  });

  it.each([
    ['/rotation/s1', 'ES256 false'],
    ['/rotation/s1/emergency', 'ES256 true'],
  ])('POST %s rotates and answers the plan', async (path, asked) => {
    const response = await admin.call('POST', path, '{"alg":"ES256"}');
    expect([response.statusCode, JSON.parse(response.body)]).toEqual([200, plan]);
    expect(admin.backends.keys.get('s1')?.[0]?.json).toBe(JSON.stringify({ kid: asked }));
  });

  it('asks the Warden about an emergency by an action of its own', async () => {
    admin.backends.decide = ({ resource, action }) => resource === 'rn:castellan:rotation:s1' && action === 'rotate';
    expect((await admin.call('POST', '/rotation/s1', '{}')).statusCode).toBe(200);
    expect((await admin.call('POST', '/rotation/s1/emergency', '{}')).statusCode).toBe(403);
    expect((await admin.call('GET', '/rotation')).statusCode).toBe(403);
  });
});
