import type { Policy } from '@castellan/policy';
import { createTestDatabase, type TestDatabase } from '@castellan/postgres/testing';
import { wardenV1 } from '@castellan/rpc';
import { Secret } from '@castellan/service';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { checkOf, messageOf } from './testing/messages.js';
import { type Replica, startReplica } from './testing/replica.module.js';

const { DenialReason } = wardenV1;

let database: TestDatabase;
let one: Replica;

beforeAll(async () => {
  database = await createTestDatabase('warden');
  one = await startReplica({ databaseUrl: database.url });
});

afterAll(async () => {
  await one?.close();
  await database?.drop();
});

async function put(id: string, members: Partial<Policy> = {}): Promise<number> {
  return (await one.policies().putPolicy({ policy: messageOf(id, members) })).revision;
}

describe('a Warden whose database is gone', () => {
  let lost: TestDatabase;
  let replica: Replica;
  afterEach(async () => {
    await replica.close();
    await lost.drop();
  });

  it('is UNAVAILABLE, and never denies or allows', async () => {
    lost = await createTestDatabase('warden');
    replica = await startReplica({ databaseUrl: lost.url });
    await replica.policies().putPolicy({ policy: messageOf('p') });
    replica.tokens.tokens.set('good', { subject: 'peter', scopes: [] });
    expect(await replica.warden().check(checkOf())).toMatchObject({ allowed: true });
    await lost.drop();
    const request = { token: 'good', scopes: [], resource: 'articles:1', action: 'read', context: undefined };
    for (const call of [
      () => replica.warden().check(checkOf()),
      () => replica.warden().check(checkOf({ subject: 'mallory' })),
      () => replica.warden().batchCheck({ checks: [checkOf()] }),
      () => replica.warden().checkToken(request),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    }
    // What needs no policy is answered all the same, to those whom no policy is asked about.
    await expect(replica.warden().checkToken({ ...request, token: 'nope' })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    });
    expect(await replica.warden('admin').checkToken({ ...request, token: 'nope' })).toMatchObject({
      allowed: false,
      reason: DenialReason.DENIAL_REASON_TOKEN_INACTIVE,
    });
    expect(replica.log.filter((line) => line.includes('The policy database does not answer'))).toHaveLength(1);
    expect(replica.log.join('\n')).not.toContain(new URL(lost.url).password || 'postgres://');
  });
});

describe('a Warden with another secret', () => {
  it('does not start on the database', async () => {
    const start = startReplica({ databaseUrl: database.url, secret: new Secret('another secret altogether') });
    await expect(start).rejects.toThrow('The database was initialised with another WARDEN_SECRET');
  });
});

describe('a Warden with Redis', () => {
  it('answers as one without, also after every write', async () => {
    const redis = { url: process.env['CASTELLAN_TEST_REDIS'] ?? '' };
    const cached = await startReplica({ databaseUrl: database.url, redis, cacheMinimumPolicies: 0 });
    try {
      for (let i = 0; i < 10; i++) {
        await put('p', { effect: i % 2 === 0 ? 'allow' : 'deny' });
        for (let repeat = 0; repeat < 3; repeat++) {
          expect(await cached.warden().check(checkOf())).toEqual(await one.warden().check(checkOf()));
        }
      }
    } finally {
      await cached.close();
    }
  });

  it('starts and decides while Redis is down', async () => {
    const redis = { url: 'redis://127.0.0.1:1' };
    const cached = await startReplica({ databaseUrl: database.url, redis, cacheMinimumPolicies: 0 });
    try {
      await put('p');
      expect(await cached.warden().check(checkOf())).toMatchObject({ allowed: true });
      expect(await cached.warden().check(checkOf({ subject: 'ken' }))).toMatchObject({ allowed: false });
    } finally {
      await cached.close();
    }
  });
});
