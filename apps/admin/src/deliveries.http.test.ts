import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { logoutV1 } from '@castellan/rpc';

import { startTestAdmin, type TestAdmin } from './testing/admin-app.js';
import { createBackends, delivery } from './testing/backends.js';

const dead = logoutV1.DeliveryState.DELIVERY_STATE_DEAD;

let admin: TestAdmin;
beforeAll(async () => {
  admin = await startTestAdmin();
});
afterAll(() => admin.close());
beforeEach(() => {
  Object.assign(admin.backends, createBackends());
  admin.backends.deliveries.set('2', delivery('2', { state: dead, dueAtMs: 0, sid: 's', problem: 'HTTP 500' }));
});

describe('/logout/deliveries', () => {
  it('lists what was not delivered, and narrows it to a state and a page', async () => {
    expect((await admin.call('GET', '/logout/deliveries')).json()).toEqual([
      {
        id: '1',
        kind: '',
        client_id: 'rp',
        subject: 'alice',
        state: 'pending',
        attempts: 0,
        created_at: '1970-01-01T00:00:01.000Z',
        due_at: '1970-01-01T00:00:02.000Z',
        gives_up_at: '1970-01-01T00:00:03.000Z',
      },
      expect.objectContaining({ id: '2', sid: 's', state: 'dead', problem: 'HTTP 500' }),
    ]);
    const ids = async (query: string) =>
      (await admin.call('GET', `/logout/deliveries?${query}`)).json().map(({ id }: { id: string }) => id);
    expect(await ids('state=dead')).toEqual(['2']);
    expect(await ids('after=1')).toEqual(['2']);
    expect(await ids('limit=1')).toEqual(['1']);
  });

  it.each(['state=lost', 'limit=0', 'limit=501', 'limit=x', 'after=1&after=2'])('refuses ?%s', async (query) => {
    expect((await admin.call('GET', `/logout/deliveries?${query}`)).statusCode).toBe(400);
  });

  it('tries one again, and discards one', async () => {
    expect((await admin.call('POST', '/logout/deliveries/2/retry', '{}')).statusCode).toBe(204);
    expect((await admin.call('DELETE', '/logout/deliveries/2')).statusCode).toBe(204);
    expect((await admin.call('DELETE', '/logout/deliveries/2')).statusCode).toBe(404);
    expect((await admin.call('POST', '/logout/deliveries/2/retry', '{}')).statusCode).toBe(404);
    expect([...admin.backends.deliveries.keys()]).toEqual(['1']);
  });
});
