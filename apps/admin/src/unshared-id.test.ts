import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { RpcError } from '@castellan/rpc';

import { startTestAdmin, type TestAdmin } from './testing/admin-app.js';
import { client, createBackends } from './testing/backends.js';
import { createUnshared } from './unshared-id.js';

/** A map in which something else happens the moment that something is stored. */
class Raced<T> extends Map<string, T> {
  constructor(private readonly meanwhile: (id: string) => void) {
    super();
  }
  override set(id: string, value: T): this {
    this.meanwhile(id);
    return super.set(id, value);
  }
}

describe('a client and a group of one ID that are created at once', () => {
  let admin: TestAdmin;
  beforeAll(async () => {
    admin = await startTestAdmin();
  });
  afterAll(() => admin.close());
  beforeEach(() => {
    Object.assign(admin.backends, createBackends());
  });

  it.each([
    ['/clients', { id: 'same' }],
    ['/admin/clients', { client_id: 'same' }],
  ])('POST %s withdraws the client that a group overtook: 409', async (path, body) => {
    const { backends } = admin;
    backends.clients = new Raced((id) => backends.groups.set(id, { id, members: ['peter'] }));
    expect((await admin.call('POST', path, JSON.stringify(body))).statusCode).toBe(409);
    expect([backends.clients.has('same'), backends.groups.has('same')]).toEqual([false, true]);
  });

  it('POST /warden/groups withdraws the group that a client overtook: 409', async () => {
    const { backends } = admin;
    backends.groups = new Raced((id) => backends.clients.set(id, client({ id })));
    expect((await admin.call('POST', '/warden/groups', '{"id":"same","members":["peter"]}')).statusCode).toBe(409);
    expect([backends.groups.has('same'), backends.clients.has('same')]).toEqual([false, true]);
  });

  it('never both stay, whatever the order of what the two do', async () => {
    for (const order of orders(3, 3)) {
      const stored = new Set<string>();
      const creation = (own: string, other: string, waits: () => Promise<void>) =>
        createUnshared({
          refuseTaken: async () => {
            await waits();
            if (stored.has(other)) throw new RpcError('ALREADY_EXISTS', 'taken');
          },
          create: async () => {
            await waits();
            stored.add(own);
          },
          withdraw: async () => stored.delete(own),
        });
      const queues = { client: [] as (() => void)[], group: [] as (() => void)[] };
      const waitIn = (who: 'client' | 'group') => () => new Promise<void>((resolve) => queues[who].push(resolve));
      const both = Promise.allSettled([
        creation('client', 'group', waitIn('client')),
        creation('group', 'client', waitIn('group')),
      ]);
      for (const who of order) {
        queues[who].shift()?.();
        await new Promise((resolve) => setImmediate(resolve));
      }
      await both;
      expect(stored.size, order.join()).toBeLessThan(2);
    }
  });
});

/** Every order in which two can take their turns. */
function orders(clients: number, groups: number): readonly (readonly ('client' | 'group')[])[] {
  if (clients + groups === 0) return [[]];
  return [
    ...(clients > 0 ? orders(clients - 1, groups).map((rest) => ['client', ...rest] as const) : []),
    ...(groups > 0 ? orders(clients, groups - 1).map((rest) => ['group', ...rest] as const) : []),
  ];
}
