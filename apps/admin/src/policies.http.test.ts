import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { startTestAdmin, type TestAdmin } from './testing/admin-app.js';
import { createBackends, policy, snapshot } from './testing/backends.js';

let admin: TestAdmin;
beforeAll(async () => {
  admin = await startTestAdmin();
});
afterAll(() => admin.close());
beforeEach(() => {
  Object.assign(admin.backends, createBackends());
});

describe('POST /policies', () => {
  it('answers the stored policy', async () => {
    const [start, owner, ip] = [
      '{"id":"p9","description":"","subjects":["peter"],"effect":"allow","resources":["article:\\u003c[0-9]+\\u003e"],' +
        '"actions":["read"],"conditions":{',
      '"owner":{"type":"EqualsSubjectCondition","options":{}}',
      '"ip":{"type":"CIDRCondition","options":{"cidr":"10.0.0.0/8"}}',
    ];
    const body = `${start}${ip},${owner}}}`;
    const response = await admin.call('POST', '/policies', `${start}${owner},${ip}}}`);
    expect([response.statusCode, response.headers.location]).toEqual([201, '/policies/p9']);
    expect(response.body).toBe(body);
    expect((await admin.call('GET', '/policies/p9')).body).toBe(body);
  });

  it('makes up an ID where none is given', async () => {
    const response = await admin.call('POST', '/policies', '{"effect":"deny"}');
    expect(response.headers.location).toBe('/policies/made-up-id');
    expect(response.body).toBe(
      '{"id":"made-up-id","description":"","subjects":[],"effect":"deny","resources":[],"actions":[],"conditions":{}}',
    );
  });

  it('refuses an ID that is taken, and merges nothing into it', async () => {
    const before = snapshot(admin.backends);
    const response = await admin.call('POST', '/policies', '{"id":"p1","subjects":["mallory"],"effect":"allow"}');
    expect([response.statusCode, snapshot(admin.backends)]).toEqual([409, before]);
  });

  it.each(['{"subjects":"peter"}', '{"conditions":[]}', '{"effect":true}', 'null'])('refuses %s', async (body) => {
    expect((await admin.call('POST', '/policies', body)).statusCode).toBe(400);
  });
});

describe('GET /policies', () => {
  beforeEach(() => {
    const ids = Array.from({ length: 600 }, (_none, index) => String(index).padStart(3, '0'));
    admin.backends.policies = new Map(ids.map((id) => [id, policy({ id })] as const));
  });

  const pages: readonly [query: string, first: string | undefined, count: number][] = [
    ['', '000', 500],
    ['?limit=2', '000', 2],
    ['?limit=2&offset=3', '003', 2],
    ['?limit=1000000', '000', 500],
    ['?limit=0', '000', 500],
    ['?limit=&offset=', '000', 500],
    ['?offset=599', '599', 1],
    ['?offset=1000', undefined, 0],
  ];
  it.each(pages)('with %j answers a page from %s of %d', async (query, first, count) => {
    const response = await admin.call('GET', `/policies${query}`);
    const page = response.json();
    expect([response.statusCode, page[0]?.id, page.length]).toEqual([200, first, count]);
  });

  const bad = [
    'limit=-1',
    'limit=abc',
    'limit=1;drop',
    'limit=NaN',
    'limit=1e9',
    'limit=9007199254740993',
    'limit=1&limit=2',
    'offset=-1',
    'offset=2147483648',
    'limit=%00',
  ];
  it.each(bad)('refuses %s', async (query) => {
    expect((await admin.call('GET', `/policies?${query}`)).statusCode).toBe(400);
  });
});

describe('/policies/{id}', () => {
  it('GET answers 404 for a policy that does not exist', async () => {
    expect((await admin.call('GET', '/policies/nope')).statusCode).toBe(404);
  });

  it('PUT stores the policy, whether it existed or not', async () => {
    for (const id of ['p1', 'new']) {
      const response = await admin.call('PUT', `/policies/${id}`, `{"id":"${id}","effect":"deny"}`);
      expect([response.statusCode, response.json().effect]).toEqual([200, 'deny']);
    }
  });

  it.each(['{"id":"other"}', '{}'])('PUT refuses %s', async (body) => {
    const response = await admin.call('PUT', '/policies/p1', body);
    expect([response.statusCode, response.json().error.message]).toEqual([
      400,
      'Payload ID does not match ID from URL',
    ]);
  });

  it('DELETE answers 204, also for a policy that does not exist', async () => {
    expect((await admin.call('DELETE', '/policies/p1')).statusCode).toBe(204);
    expect((await admin.call('DELETE', '/policies/p1')).statusCode).toBe(204);
  });
});
