import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { RpcError } from '@castellan/rpc';

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

const stored = { id: 'p1', effect: 'deny' };

/** Sends a request with the root token; a text is sent as it is. */
function ask(method: string, url: string, body?: unknown, headers?: Record<string, string>) {
  return admin.call(method, url, body === undefined || typeof body === 'string' ? body : JSON.stringify(body), headers);
}

/** An error in the form of the admin API, which tells what it is about. */
function errorOf(response: { readonly body: string }): string {
  return JSON.parse(response.body).error.message;
}

describe('the revision of the policies', () => {
  it.each([
    ['POST', '/policies', { id: 'p2', effect: 'deny' }],
    ['PUT', '/policies/p1', stored],
    ['POST', '/policies/p1/rollback', { version: 1 }],
    ['DELETE', '/policies/p1', undefined],
    ['POST', '/warden/groups', { id: 'new', members: [] }],
    ['POST', '/warden/groups/new/members', { members: ['peter'] }],
    ['DELETE', '/warden/groups/new/members', { members: ['peter'] }],
    ['DELETE', '/warden/groups/new', undefined],
  ] as const)('is told to whoever wrote: %s %s', async (method, url, body) => {
    if (url.startsWith('/warden/groups/')) await ask('POST', '/warden/groups', { id: 'new', members: [] });
    const { statusCode, headers } = await ask(method, url, body);
    expect([Math.floor(statusCode / 100), headers['x-castellan-policy-revision']]).toEqual([2, '1']);
  });

  it('is no answer to a read, or to a write that was refused', async () => {
    expect((await ask('GET', '/policies/p1')).headers).not.toHaveProperty('x-castellan-policy-revision');
    const refused = await ask('PUT', '/policies/p1', stored, { 'if-match': '"v7"' });
    expect(refused.headers).not.toHaveProperty('x-castellan-policy-revision');
  });
});

describe('a version of a policy', () => {
  it('is the entity tag of every answer that shows the policy', async () => {
    expect((await ask('GET', '/policies/p1')).headers.etag).toBe('"v1"');
    expect((await ask('PUT', '/policies/p1', stored)).headers.etag).toBe('"v2"');
    expect((await ask('POST', '/policies', { id: 'p2', effect: 'deny' })).headers.etag).toBe('"v1"');
    expect((await ask('POST', '/policies/p1/rollback', { version: 1 })).headers.etag).toBe('"v3"');
  });

  it.each(['"v1"', '*'])('that If-Match: %s names is replaced and removed', async (tag) => {
    expect((await ask('PUT', '/policies/p1', stored, { 'if-match': tag })).statusCode).toBe(200);
    const now = tag === '*' ? tag : '"v2"';
    expect((await ask('DELETE', '/policies/p1', undefined, { 'if-match': now })).statusCode).toBe(204);
  });

  it.each(['PUT', 'DELETE'] as const)(
    'that is another than If-Match names is not changed by %s: 412',
    async (method) => {
      const before = snapshot(admin.backends);
      const body = method === 'PUT' ? stored : undefined;
      const refused = await ask(method, '/policies/p1', body, { 'if-match': '"v7"' });
      expect([refused.statusCode, errorOf(refused)]).toEqual([412, 'The policy is of another version']);
      const none = await ask(method, '/policies/nobody', method === 'PUT' ? { ...stored, id: 'nobody' } : undefined, {
        'if-match': '*',
      });
      expect([none.statusCode, snapshot(admin.backends)]).toEqual([412, before]);
    },
  );

  it.each(['v1', '"v0"', 'W/"v1"', '"v1", "v2"', '"v1e3"', ''])('is not named by If-Match: %s', async (tag) => {
    const before = snapshot(admin.backends);
    for (const method of ['PUT', 'DELETE'] as const) {
      const body = method === 'PUT' ? stored : undefined;
      expect((await ask(method, '/policies/p1', body, { 'if-match': tag })).statusCode, method).toBe(400);
    }
    expect(snapshot(admin.backends)).toBe(before);
  });
});

describe('GET /policies/{id}/history', () => {
  it('lists the versions, the newest first, with null for a removal', async () => {
    await ask('DELETE', '/policies/p1');
    const response = await ask('GET', '/policies/p1/history');
    const versions = JSON.parse(response.body);
    expect(versions).toMatchObject([
      { version: 2, changed_by: 'root', policy: null },
      { version: 1, changed_by: 'root', reason: '', policy: { id: 'p1', effect: 'allow' } },
    ]);
    expect(versions[0].changed_at).toBe('2025-06-15T15:06:40.000Z');
    expect(JSON.parse((await ask('GET', '/policies/p1/history?limit=1')).body)).toHaveLength(1);
  });

  it('answers 404 for a policy that never was', async () => {
    expect((await ask('GET', '/policies/nobody/history')).statusCode).toBe(404);
  });

  it.each(['?limit=-1', '?limit=x', '?before=1.5'])('refuses %s', async (query) => {
    expect((await ask('GET', `/policies/p1/history${query}`)).statusCode).toBe(400);
  });
});

describe('POST /policies/{id}/rollback', () => {
  it('stores the former version as the newest, with who did it and why', async () => {
    await ask('PUT', '/policies/p1', stored);
    const response = await ask('POST', '/policies/p1/rollback', { version: 1, reason: 'too strict' });
    expect([response.statusCode, JSON.parse(response.body).effect]).toEqual([200, 'allow']);
    const [newest] = JSON.parse((await ask('GET', '/policies/p1/history')).body);
    expect(newest).toMatchObject({ version: 3, changed_by: 'root', reason: 'too strict' });
  });

  it.each([
    [{ version: 9 }, 404],
    [{ version: 0 }, 400],
    [{ version: '1' }, 400],
    [{}, 400],
    [{ version: 1, reason: 'x'.repeat(1025) }, 400],
    ['null', 400],
  ])('refuses %j with %d and stores nothing', async (body, status) => {
    const before = snapshot(admin.backends);
    const response = await ask('POST', '/policies/p1/rollback', body);
    expect([response.statusCode, snapshot(admin.backends)]).toEqual([status, before]);
    expect(errorOf(response)).not.toBe('');
  });

  it('refuses a version that removed the policy: 409', async () => {
    await ask('DELETE', '/policies/p1');
    const response = await ask('POST', '/policies/p1/rollback', { version: 2 });
    expect([response.statusCode, admin.backends.policies.size]).toEqual([409, 0]);
  });
});

describe('an import of policies', () => {
  const policies = [
    { id: 'n1', effect: 'allow' },
    { id: 'n2', effect: 'deny' },
  ];

  it('is begun, staged and committed', async () => {
    const begun = await ask('POST', '/policy-imports');
    expect([begun.statusCode, begun.headers.location, begun.body]).toEqual([201, '/policy-imports/i1', '{"id":"i1"}']);
    const staged = await ask('POST', '/policy-imports/i1/policies', { policies });
    expect([staged.statusCode, staged.body]).toEqual([200, '{"staged":2}']);
    expect(admin.backends.policies.has('n1')).toBe(false);
    const done = await ask('POST', '/policy-imports/i1/commit', { prune: true, if_revision: 1, reason: 'all' });
    expect([done.statusCode, JSON.parse(done.body)]).toEqual([
      200,
      { created: 2, updated: 0, removed: 1, unchanged: 0, revision: 2 },
    ]);
  });

  it('is aborted', async () => {
    expect((await ask('DELETE', '/policy-imports/i1')).statusCode).toBe(204);
    expect((await ask('DELETE', '/policy-imports/i1')).statusCode).toBe(404);
  });

  it.each([
    ['POST', '/policy-imports/other/policies', { policies }, 404],
    ['POST', '/policy-imports/other/commit', {}, 404],
    ['POST', '/policy-imports/i1/policies', { policies: [] }, 400],
    ['POST', '/policy-imports/i1/policies', { policies: [{ effect: true }] }, 400],
    ['POST', '/policy-imports/i1/policies', {}, 400],
    ['POST', '/policy-imports/i1/commit', { if_revision: 0 }, 400],
    ['POST', '/policy-imports/i1/commit', { prune: 'yes' }, 400],
    ['POST', '/policy-imports/i1/commit', { if_revision: 7 }, 412],
  ] as const)('%s %s of %j answers %d and stores nothing', async (method, path, body, status) => {
    const before = snapshot(admin.backends);
    const response = await ask(method, path, body);
    expect([response.statusCode, snapshot(admin.backends)]).toEqual([status, before]);
    expect(admin.backends.imports.get('i1')?.policies).toEqual([]);
    expect(errorOf(response)).not.toBe('');
  });

  it('belongs to who opened it', async () => {
    admin.backends.imports.set('i1', { by: 'somebody else', policies: [] });
    expect((await ask('POST', '/policy-imports/i1/policies', { policies })).statusCode).toBe(404);
  });
});

describe('GET /policy-export', () => {
  it('answers a page with the revision that all of it is of', async () => {
    admin.backends.policies.set('p2', policy({ id: 'p2' }));
    const page = JSON.parse((await ask('GET', '/policy-export')).body);
    expect([page.revision, page.total, page.policies.map(({ id }: { id: string }) => id)]).toEqual([
      1,
      2,
      ['p1', 'p2'],
    ]);
    const rest = JSON.parse((await ask('GET', '/policy-export?after=p1')).body);
    expect(rest.policies).toMatchObject([{ id: 'p2' }]);
  });
});

describe('GET /warden/decisions', () => {
  it('shows what was recorded, and the place to go on from', async () => {
    const response = await ask('GET', '/warden/decisions?subject=julia&allowed=false&since=2025-01-31T08:00:00Z');
    expect(JSON.parse(response.body)).toMatchObject({
      decisions: [
        {
          decided_at: '2025-06-15T15:06:40.000Z',
          door: 'check',
          caller: 'client',
          subject: 'julia',
          context: { ip: '10.0.0.1' },
          allowed: false,
          reason: 'default',
        },
      ],
      next: 'there',
    });
  });

  it.each(['?limit=1001', '?limit=x', '?allowed=maybe', '?since=yesterday'])('refuses %s', async (query) => {
    const response = await ask('GET', `/warden/decisions${query}`);
    expect([response.statusCode, errorOf(response)]).toEqual([400, expect.stringMatching(/limit|allowed|since/)]);
  });

  it('is an outage, and never an empty list, where the Warden does not answer', async () => {
    admin.backends.fails.warden = new RpcError('UNAVAILABLE', 'away');
    expect((await ask('GET', '/warden/decisions')).statusCode).toBe(503);
  });
});
