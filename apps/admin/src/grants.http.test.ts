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

describe('DELETE /grants', () => {
  it.each([
    ['client_id=stored', 2],
    ['subject=alice', 2],
    ['client_id=stored&subject=alice', 1],
    ['subject=nobody', 0],
  ])('?%s ends %i grants', async (query, grants) => {
    const answer = await admin.call('DELETE', `/grants?${query}`);
    expect([answer.statusCode, answer.body]).toEqual([204, '']);
    expect(admin.backends.grants).toHaveLength(3 - grants);
  });

  it('must be told which', async () => {
    for (const query of ['', '?client_id=', '?subject=a&subject=b']) {
      expect((await admin.call('DELETE', `/grants${query}`)).statusCode).toBe(400);
    }
    expect(admin.backends.grants).toHaveLength(3);
  });
});
