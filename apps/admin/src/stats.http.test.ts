import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startTestAdmin, type TestAdmin } from './testing/admin-app.js';

let admin: TestAdmin;
beforeAll(async () => {
  admin = await startTestAdmin();
});
afterAll(() => admin.close());

describe('GET /health/stats', () => {
  it('counts requests and responses of this process', async () => {
    await admin.call('GET', '/clients');
    const first = (await admin.call('GET', '/health/stats')).json();
    const second = (await admin.call('GET', '/health/stats')).json();
    expect(first).toMatchObject({ requests: 2, responses: 1, id: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    expect(second).toMatchObject({ requests: 3, responses: 2, id: first.id });
    expect(second.memory.alloc).toBeGreaterThan(0);
    expect(second.uptime).toBeGreaterThanOrEqual(0);
  });
});
