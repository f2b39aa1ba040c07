import type { Policy } from '@castellan/policy';
import { createTestDatabase, type TestDatabase } from '@castellan/postgres/testing';
import { envoyAuthV3, createRpcChannelClient, type RpcClient, wardenV1 } from '@castellan/rpc';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checkOf, messageOf } from './testing/messages.js';
import { askerOver, startWired, wardenOver, type WiredWarden } from './testing/wire.js';

const orders = 'spiffe://partner.example/orders';
const billing = 'spiffe://partner.example/billing';
type Warden = RpcClient<typeof wardenV1.WardenService>;

let database: TestDatabase;
let listed: WiredWarden;
let guarded: WiredWarden;

beforeAll(async () => {
  database = await createTestDatabase('warden');
  listed = await startWired({ databaseUrl: database.url }, [orders]);
  guarded = await startWired({ databaseUrl: database.url, callersAccess: 'policy' }, [orders, billing]);
});
afterAll(async () => {
  await Promise.all([listed?.close(), guarded?.close()]);
  await database?.drop();
});
beforeEach(async () => {
  const { policies } = await listed.replica.policies().listPolicies({ limit: 0, offset: 0 });
  for (const { id } of policies) await listed.replica.policies().deletePolicy({ id });
  for (const { replica } of [listed, guarded]) {
    replica.tokens.failure = undefined;
    replica.tokens.asked.length = 0;
    for (const name of ['peter', 'mallory']) replica.tokens.tokens.set(name, { subject: name, scopes: [] });
    replica.tokens.tokens.set('app-token', { subject: 'app', scopes: ['hydra.warden'] });
    replica.tokens.tokens.set('root-token', { subject: 'app', scopes: ['hydra'] });
    replica.tokens.tokens.set('narrow-token', { subject: 'app', scopes: ['hydra.clients'] });
  }
  await put('articles');
});

async function put(id: string, members: Partial<Policy> = {}): Promise<void> {
  await listed.replica.policies().putPolicy({ policy: messageOf(id, members) });
}

/** Lets a subject ask at the doors of these names. */
function letAsk(subject: string, doors: readonly string[], effect: 'allow' | 'deny' = 'allow'): Promise<void> {
  return put(`ask-${effect}`, {
    subjects: [subject],
    resources: doors.map((door) => `rn:hydra:warden:${door}`),
    actions: ['decide'],
    effect,
  });
}

const tokenCheck = { token: 'peter', scopes: [], resource: 'articles:1', action: 'read', context: undefined };

/** Every way to ask, by the door that a caller must be allowed at. */
const ways: Readonly<Record<'allowed' | 'token:allowed', ((warden: Warden, ask: Asker) => Promise<unknown>)[]>> = {
  allowed: [
    (warden) => warden.check(checkOf()),
    (warden) => warden.batchCheck({ checks: [checkOf()] }),
    (_warden, ask) => ask({ check: checkOf() }),
  ],
  'token:allowed': [(warden) => warden.checkToken(tokenCheck), (_warden, ask) => ask({ checkToken: tokenCheck })],
};
type Asker = ReturnType<typeof askerOver>;

/** How each way of a door ends: `answered`, or the code of the refusal. */
async function outcomesAt(door: keyof typeof ways, warden: Warden, ask: Asker): Promise<unknown[]> {
  return Promise.all(
    ways[door].map((way) =>
      way(warden, ask).then(
        () => 'answered',
        (error: { code: string }) => error.code,
      ),
    ),
  );
}

async function outcomes(warden: Warden, ask: Asker): Promise<Record<string, string>> {
  const ends: Record<string, string> = {};
  for (const door of ['allowed', 'token:allowed'] as const) {
    ends[door] = [...new Set(await outcomesAt(door, warden, ask))].join();
  }
  return ends;
}

describe('a caller with an access token', () => {
  const bearing = (token: string): [Warden, Asker] => {
    const channel = listed.bearing();
    return [wardenOver(channel, token), askerOver(channel, token)];
  };

  it('asks at the doors that a policy allows its subject at, as over HTTP', async () => {
    const denied = { allowed: 'PERMISSION_DENIED', 'token:allowed': 'PERMISSION_DENIED' };
    expect(await outcomes(...bearing('app-token'))).toEqual(denied);
    await letAsk('app', ['allowed']);
    expect(await outcomes(...bearing('app-token'))).toEqual({ ...denied, allowed: 'answered' });
    await letAsk('app', ['token:allowed']);
    expect(await outcomes(...bearing('app-token'))).toEqual({ ...denied, 'token:allowed': 'answered' });
    await letAsk('app', ['<.*>']);
    expect(await outcomes(...bearing('root-token'))).toEqual({ allowed: 'answered', 'token:allowed': 'answered' });
    await letAsk('app', ['allowed'], 'deny');
    expect(await outcomes(...bearing('app-token'))).toEqual({ ...denied, 'token:allowed': 'answered' });
  });

  it('gets the answers that everybody gets', async () => {
    await letAsk('app', ['<.*>']);
    const [warden, ask] = bearing('app-token');
    expect((await warden.check(checkOf())).allowed).toBe(true);
    expect((await warden.check(checkOf({ subject: 'mallory' }))).allowed).toBe(false);
    expect(await warden.checkToken(tokenCheck)).toMatchObject({ allowed: true, token: { subject: 'peter' } });
    expect(await warden.checkToken({ ...tokenCheck, token: 'mallory' })).toMatchObject({ allowed: false });
    expect((await ask({ check: checkOf() })).decision?.allowed).toBe(true);
    await expect(warden.check(checkOf({ subject: '', anonymous: true }))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });

  it.each([
    ['unknown', 'UNAUTHENTICATED'],
    ['narrow-token', 'PERMISSION_DENIED'],
  ])('is refused with the token %s: %s', async (token, code) => {
    await letAsk('<.*>', ['<.*>']);
    expect(await outcomes(...bearing(token))).toEqual({ allowed: code, 'token:allowed': code });
  });

  it('opens no door with a token for another resource, which holds it, too', async () => {
    await letAsk('app', ['<.*>']);
    const resources = ['rn:castellan:warden:explain'];
    await put('explainers', { subjects: ['app'], resources, actions: ['warden:explain'] });
    const { tokens } = listed.replica.tokens;
    const [api, issuer] = ['https://api.example', 'https://issuer.example'];
    tokens.set('aimed-token', { subject: 'app', scopes: ['hydra'], audience: [api] });
    tokens.set('broad-token', { subject: 'app', scopes: ['hydra'], audience: [api, issuer] });
    expect(await outcomes(...bearing('aimed-token'))).toEqual({
      allowed: 'UNAUTHENTICATED',
      'token:allowed': 'UNAUTHENTICATED',
    });
    expect(await outcomes(...bearing('broad-token'))).toEqual({ allowed: 'answered', 'token:allowed': 'answered' });
    const [aimed] = bearing('aimed-token');
    await expect(aimed.explain({ check: checkOf(), token: '' })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    const [broad] = bearing('broad-token');
    expect(await broad.explain({ check: checkOf(), token: '' })).toMatchObject({ decision: { allowed: true } });
    // What it may do there is for that resource to ask.
    tokens.set('peter', { subject: 'peter', scopes: [], audience: [api] });
    expect(await broad.checkToken(tokenCheck)).toMatchObject({ allowed: true });
  });

  it('is asked about anew with each question: a revoked token ends an open stream', async () => {
    await letAsk('app', ['<.*>']);
    const [warden, ask] = bearing('app-token');
    await ask({ check: checkOf() });
    listed.replica.tokens.tokens.delete('app-token');
    await expect(ask({ check: checkOf() })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await expect(warden.check(checkOf())).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('loses its right with the policy, on an open stream as well', async () => {
    await letAsk('app', ['<.*>']);
    const [, ask] = bearing('app-token');
    await ask({ check: checkOf() });
    await letAsk('app', ['<.*>'], 'deny');
    await expect(ask({ check: checkOf() })).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
  });

  it('is neither allowed nor refused while tokens cannot be asked about; a stream lives on', async () => {
    await letAsk('app', ['<.*>']);
    const [warden, ask] = bearing('app-token');
    await ask({ check: checkOf() });
    listed.replica.tokens.failure = new Error('gone');
    await expect(warden.check(checkOf())).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(await ask({ check: checkOf() })).toMatchObject({ failure: { code: 14 } });
    listed.replica.tokens.failure = undefined;
    expect(await ask({ check: checkOf() })).toMatchObject({ decision: { allowed: true } });
  });

  it('explains by its own token, which must be allowed to', async () => {
    const [warden] = bearing('app-token');
    const explain = (token = ''): Promise<unknown> => warden.explain({ check: checkOf(), token });
    await letAsk('app', ['<.*>']);
    await expect(explain()).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    const resources = ['rn:castellan:warden:explain'];
    await put('explainers', { subjects: ['app'], resources, actions: ['warden:explain'] });
    expect(await explain()).toMatchObject({ decision: { allowed: true } });
    await expect(explain('root-token')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('reaches neither policies nor groups nor what Envoy asks', async () => {
    await letAsk('app', ['<.*>']);
    const channel = listed.bearing();
    const options = { bearer: 'root-token' };
    const policies = createRpcChannelClient(wardenV1.PoliciesService, channel);
    await expect(policies.listPolicies({ limit: 0, offset: 0 }, options)).rejects.toMatchObject({
      code: 'UNIMPLEMENTED',
    });
    const envoy = createRpcChannelClient(envoyAuthV3.AuthorizationService, channel);
    await expect(envoy.check(envoyAuthV3.CheckRequest.create(), options)).rejects.toMatchObject({
      code: 'UNIMPLEMENTED',
    });
  });
});

describe('a caller with a listed certificate', () => {
  it('asks whatever no policy denies its name', async () => {
    const channel = await listed.named(orders);
    const asked = (): Promise<unknown> => outcomes(wardenOver(channel), askerOver(channel));
    expect(await asked()).toEqual({ allowed: 'answered', 'token:allowed': 'answered' });
    await letAsk(orders, ['allowed'], 'deny');
    expect(await asked()).toEqual({ allowed: 'PERMISSION_DENIED', 'token:allowed': 'answered' });
  });

  it('asks only what a policy allows its name, where policies say so', async () => {
    const mine = await guarded.named(orders);
    const other = await guarded.named(billing);
    const asked = (channel: typeof mine): Promise<unknown> => outcomes(wardenOver(channel), askerOver(channel));
    const denied = { allowed: 'PERMISSION_DENIED', 'token:allowed': 'PERMISSION_DENIED' };
    expect(await asked(mine)).toEqual(denied);
    await letAsk(orders, ['token:allowed']);
    expect(await asked(mine)).toEqual({ ...denied, 'token:allowed': 'answered' });
    expect(await asked(other)).toEqual(denied);
  });

  it('asks for Envoy, too, only where it may ask about tokens', async () => {
    const request = envoyAuthV3.CheckRequest.fromPartial({
      attributes: {
        request: { http: { method: 'GET', path: '/', headers: new Map([['authorization', 'Bearer peter']]) } },
        contextExtensions: new Map([
          ['resource', 'articles:1'],
          ['action', 'read'],
        ]),
      },
    });
    const envoy = createRpcChannelClient(envoyAuthV3.AuthorizationService, await guarded.named(orders));
    await expect(envoy.check(request)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    await letAsk(orders, ['token:allowed']);
    expect((await envoy.check(request)).okResponse).toBeDefined();
  });

  it('does not choose how old the policies may be that it is judged by', async () => {
    const warden = wardenOver(await guarded.named(orders));
    await letAsk(orders, ['<.*>']);
    const { revision } = await warden.check(checkOf());
    const atLeast = { mode: wardenV1.ConsistencyMode.CONSISTENCY_MODE_AT_LEAST, revision };
    expect((await warden.check(checkOf({ consistency: atLeast }))).allowed).toBe(true);
    await letAsk(orders, ['<.*>'], 'deny');
    // Within the bounded age, and by an announcement well before that.
    await expect
      .poll(() => warden.check(checkOf({ consistency: atLeast })).catch(({ code }: { code: string }) => code), {
        timeout: 60_000,
      })
      .toBe('PERMISSION_DENIED');
  });

  it('is told nothing of a token it may not ask about', async () => {
    const warden = wardenOver(await guarded.named(orders));
    for (const token of ['peter', 'mallory', 'unknown']) {
      await expect(warden.checkToken({ ...tokenCheck, token })).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    }
    guarded.replica.tokens.failure = new Error('gone');
    await expect(warden.checkToken(tokenCheck)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
  });
});
