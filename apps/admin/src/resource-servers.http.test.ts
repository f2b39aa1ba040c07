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

describe('resource servers', () => {
  const body =
    '{"uri":"https://api.example/","scope":"photos","access_token_format":"jwt","access_token_lifespan":"5m"}';

  it('are put, listed and deleted', async () => {
    admin.backends.resourceServers.clear();
    const put = await admin.call('PUT', '/resource-servers/photos', body);
    const stored =
      '{"id":"photos","uri":"https://api.example/","name":"","scope":"photos","access_token_format":"jwt","access_token_lifespan":"300s"}';
    expect([put.statusCode, put.body]).toEqual([200, stored]);
    expect((await admin.call('GET', '/resource-servers')).body).toBe(`[${stored}]`);
    expect((await admin.call('DELETE', '/resource-servers/photos')).statusCode).toBe(204);
    expect((await admin.call('DELETE', '/resource-servers/photos')).statusCode).toBe(404);
  });

  it('are asked about by their own resource names', async () => {
    const asked: string[] = [];
    admin.backends.decide = ({ resource, action }) => asked.push(`${action} ${resource}`) > 0;
    await admin.call('PUT', '/resource-servers/a%3Ab', body);
    await admin.call('GET', '/resource-servers');
    expect(asked).toEqual(['update rn:castellan:resource-servers:a%3Ab', 'get rn:castellan:resource-servers']);
  });

  it('of another shape are refused', async () => {
    expect((await admin.call('PUT', '/resource-servers/photos', '{}')).statusCode).toBe(400);
    expect(
      (await admin.call('PUT', '/resource-servers/x', '{"uri":"a:b","access_token_lifespan":"x"}')).statusCode,
    ).toBe(400);
  });
});
