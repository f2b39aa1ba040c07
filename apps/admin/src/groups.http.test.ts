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

describe('GET /warden/groups', () => {
  it('answers the IDs of the groups of a member, or null', async () => {
    expect((await admin.call('GET', '/warden/groups?member=peter')).body).toBe('["g1"]');
    expect((await admin.call('GET', '/warden/groups?member=nobody')).body).toBe('null');
  });

  it.each(['', '?member=', '?member=a&member=b', '?member=%00'])('refuses %j', async (query) => {
    expect((await admin.call('GET', `/warden/groups${query}`)).statusCode).toBe(400);
  });
});

describe('POST /warden/groups', () => {
  it('answers the stored group', async () => {
    const response = await admin.call('POST', '/warden/groups', '{"id":"g2","members":["peter","julia"]}');
    expect([response.statusCode, response.headers.location]).toEqual([201, '/warden/groups/g2']);
    expect(response.body).toBe('{"id":"g2","members":["peter","julia"]}');
  });

  it('writes null for a group without members', async () => {
    expect((await admin.call('POST', '/warden/groups', '{"id":"g3"}')).body).toBe('{"id":"g3","members":null}');
  });

  const refused: readonly [body: string, status: number][] = [
    ['{"id":"g1"}', 409],
    ['{"id":"stored"}', 409],
    ['{"id":1}', 400],
    ['{"members":[1]}', 400],
  ];
  it.each(refused)('refuses %s with %d and stores nothing', async (body, status) => {
    const before = snapshot(admin.backends);
    expect((await admin.call('POST', '/warden/groups', body)).statusCode).toBe(status);
    expect(snapshot(admin.backends)).toBe(before);
  });
});

describe('/warden/groups/{id}', () => {
  it('GET answers the group, or 404', async () => {
    expect((await admin.call('GET', '/warden/groups/g1')).body).toBe('{"id":"g1","members":["peter","julia"]}');
    expect((await admin.call('GET', '/warden/groups/nope')).statusCode).toBe(404);
  });

  it('DELETE answers 204, also for a group that does not exist', async () => {
    expect((await admin.call('DELETE', '/warden/groups/g1')).statusCode).toBe(204);
    expect((await admin.call('DELETE', '/warden/groups/g1')).statusCode).toBe(204);
  });

  it('members are added and removed, each call with a JSON body', async () => {
    expect((await admin.call('POST', '/warden/groups/g1/members', '{"members":["max","peter"]}')).statusCode).toBe(204);
    expect((await admin.call('DELETE', '/warden/groups/g1/members', '{"members":["julia","x"]}')).statusCode).toBe(204);
    expect(admin.backends.groups.get('g1')?.members).toEqual(['peter', 'max']);
  });

  it('members of a group that does not exist are 404', async () => {
    expect((await admin.call('POST', '/warden/groups/nope/members', '{"members":["x"]}')).statusCode).toBe(404);
    expect((await admin.call('DELETE', '/warden/groups/nope/members', '{"members":["x"]}')).statusCode).toBe(404);
  });

  it.each(['{"members":"x"}', '[]', ''])('members %j are refused', async (body) => {
    expect((await admin.call('POST', '/warden/groups/g1/members', body)).statusCode).toBe(400);
  });
});
