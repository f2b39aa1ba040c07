import type { Policy } from '@castellan/policy';
import { createTestDatabase, type TestDatabase } from '@castellan/postgres/testing';
import { RpcError, wardenV1 } from '@castellan/rpc';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
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

describe('CheckToken', () => {
  beforeEach(async () => {
    for (const id of ['not', 'all']) await one.policies().deletePolicy({ id });
    await put('p');
    one.tokens.tokens.clear();
    one.tokens.failure = undefined;
    one.tokens.tokens.set('good', { subject: 'peter', scopes: ['hydra', 'openid'], extraJson: '{"a":1}' });
    one.tokens.tokens.set('other', { subject: 'mallory', scopes: ['hydra'] });
  });

  function tokenCheckOf(members: Partial<wardenV1.CheckTokenRequest> = {}): wardenV1.CheckTokenRequest {
    return {
      token: 'good',
      scopes: ['hydra.warden'],
      resource: 'articles:1',
      action: 'read',
      context: undefined,
      ...members,
    };
  }

  it('answers with what the token says when it is allowed', async () => {
    const { revision } = await one.warden().check(checkOf());
    expect(await one.warden().checkToken(tokenCheckOf())).toEqual({
      allowed: true,
      reason: DenialReason.DENIAL_REASON_UNSPECIFIED,
      revision,
      token: {
        subject: 'peter',
        scopes: ['hydra', 'openid'],
        issuer: 'https://issuer.example',
        clientId: 'app',
        issuedAtMs: 1_750_000_000_000,
        expiresAtMs: 1_750_003_600_000,
        extraJson: '{"a":1}',
      },
    });
  });

  it.each([
    ['the resource', ['https://api.example'], true],
    ['the resource and another', ['https://other.example', 'https://api.example'], true],
    ['another resource', ['https://other.example'], false],
    ['its client alone', ['app'], false],
    ['nothing', [], false],
    ['a host that begins alike', ['https://api.example.evil'], false],
    ['a path below', ['https://api.example/'], false],
    ['another case', ['https://API.example'], false],
  ])('TS-07, TS-09: allows at a resource only a token for it; one for %s: %j %s', async (_what, audience, allowed) => {
    one.tokens.tokens.set('good', { subject: 'peter', scopes: ['hydra'], audience: [...audience] });
    const answer = await one.warden().checkToken(tokenCheckOf({ audience: 'https://api.example' }));
    expect(answer).toMatchObject(
      allowed ? { allowed } : { allowed, reason: DenialReason.DENIAL_REASON_TOKEN_INACTIVE, token: undefined },
    );
    expect(await one.warden().checkToken(tokenCheckOf())).toMatchObject({ allowed: true });
    await expect(one.warden().checkToken(tokenCheckOf({ audience: '' }))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });

  it('takes a token for other resources for inactive where it must be for the issuer', async () => {
    const forIssuer = true;
    expect(await one.warden().checkToken(tokenCheckOf({ forIssuer }))).toMatchObject({ allowed: true });
    one.tokens.tokens.set('good', { subject: 'peter', scopes: ['hydra'], audience: ['https://api.example'] });
    expect(await one.warden().checkToken(tokenCheckOf())).toMatchObject({ allowed: true });
    expect(await one.warden().checkToken(tokenCheckOf({ forIssuer }))).toMatchObject({
      allowed: false,
      reason: DenialReason.DENIAL_REASON_TOKEN_INACTIVE,
      token: undefined,
    });
  });

  it.each([
    ['a token that is not known', { token: 'nope' }, DenialReason.DENIAL_REASON_TOKEN_INACTIVE],
    [
      'a token that is not known, whatever the scopes',
      { token: 'nope', scopes: ['x'] },
      DenialReason.DENIAL_REASON_TOKEN_INACTIVE,
    ],
    ['a scope that was not granted', { scopes: ['hydra', 'offline'] }, DenialReason.DENIAL_REASON_SCOPE],
    ['a scope and a policy missing', { scopes: ['offline'], action: 'write' }, DenialReason.DENIAL_REASON_SCOPE],
    ['no policy', { action: 'write' }, DenialReason.DENIAL_REASON_DEFAULT],
    ['no policy for the subject', { token: 'other' }, DenialReason.DENIAL_REASON_DEFAULT],
  ])('denies for %s, and tells nothing of the token', async (_what, members, reason) => {
    const answer = await one.warden().checkToken(tokenCheckOf(members));
    expect(answer).toMatchObject({ allowed: false, reason, token: undefined });
  });

  it('denies where a policy does', async () => {
    await put('not', { effect: 'deny', subjects: ['<.*>'] });
    expect(await one.warden().checkToken(tokenCheckOf())).toMatchObject({
      allowed: false,
      reason: DenialReason.DENIAL_REASON_EXPLICIT,
    });
  });

  it('denies a token without a subject, also where everybody is allowed', async () => {
    await put('all', { subjects: ['<.*>'] });
    one.tokens.tokens.set('nobody', { subject: '', scopes: ['hydra'] });
    expect(await one.warden().checkToken(tokenCheckOf({ token: 'nobody' }))).toMatchObject({ allowed: false });
  });

  it('asks about the token anew each time', async () => {
    expect(await one.warden().checkToken(tokenCheckOf())).toMatchObject({ allowed: true });
    one.tokens.tokens.delete('good');
    expect(await one.warden().checkToken(tokenCheckOf())).toMatchObject({ allowed: false });
  });

  it.each([
    [{ token: '' }, 'token must not be empty'],
    [{ resource: '' }, 'resource must not be empty'],
    [{ action: '' }, 'action must not be empty'],
    [{ context: { a: Number.NaN } }, 'context holds a number'],
  ])('refuses %j before it asks about the token', async (members, message) => {
    const before = one.tokens.asked.length;
    await expect(one.warden().checkToken(tokenCheckOf(members))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message) as unknown,
    });
    expect(one.tokens.asked).toHaveLength(before);
  });

  it.each([
    new RpcError('UNAVAILABLE', 'down'),
    new RpcError('PERMISSION_DENIED', 'warden may not call'),
    new RpcError('NOT_FOUND', 'no'),
    new Error('bug'),
  ])('is UNAVAILABLE when the token service fails with %s', async (failure) => {
    one.tokens.failure = failure;
    await expect(one.warden().checkToken(tokenCheckOf())).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: 'the token service does not answer',
    });
  });
});
