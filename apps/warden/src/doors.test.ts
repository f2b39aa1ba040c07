import type { Policy } from '@castellan/policy';
import { createTestDatabase, type TestDatabase } from '@castellan/postgres/testing';
import { envoyAuthV3 } from '@castellan/rpc';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkOf, messageOf } from './testing/messages.js';
import type { Replica } from './testing/replica.module.js';
import { askerOver, startWired, wardenOver, type WiredWarden } from './testing/wire.js';

const seed = Number(process.env['FAST_CHECK_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

let database: TestDatabase;
let wired: WiredWarden;
let replica: Replica;
const partner = 'spiffe://partner.example/orders';
/** For calls on a busy machine. */
const patient = { deadlineMs: 20_000 };

beforeAll(async () => {
  database = await createTestDatabase('warden');
  wired = await startWired({ databaseUrl: database.url, cacheMinimumPolicies: 0 }, [partner]);
  replica = wired.replica;
});

afterAll(async () => {
  await wired?.close();
  await database?.drop();
});

/** Numbers from 0 to below 1 that a seed repeats (Park and Miller). */
function createRandom(start: number): () => number {
  let state = (start % 2147483646) + 1;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

describe(`one question at every gRPC door (seed ${seed})`, () => {
  it('has one answer', async () => {
    const random = createRandom(seed);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
    const subjects = ['peter', 'ken', 'staff', 'eve'];
    const resources = ['r:1', 'r:2', 's:1'];
    const actions = ['read', 'write'];
    for (let i = 0; i < 25; i++) {
      const policy: Partial<Policy> = {
        subjects: [pick([...subjects, '<.*>', '<peter|eve>'])],
        resources: [pick([...resources, 'r:<.*>', '<[^:]+>:1'])],
        actions: [pick([...actions, '<.*>'])],
        effect: random() < 0.2 ? 'deny' : 'allow',
        conditions: random() < 0.3 ? { ip: { type: 'CIDRCondition', options: { cidr: '10.0.0.0/8' } } } : {},
      };
      await replica.policies().putPolicy({ policy: messageOf(`p${i}`, policy) });
    }
    // Which no policy of chance touches: so that both answers are among them whatever the seed.
    const certain = { subjects: ['peter'], resources: ['only:2'], actions: ['read'] };
    await replica.policies().putPolicy({ policy: messageOf('certain', certain) });
    await replica.groups().createGroup({ group: { id: 'staff', members: ['peter', 'ken'] } });
    const askers = { subjects: ['app'], resources: ['rn:hydra:warden:<.*>'], actions: ['decide'] };
    await replica.policies().putPolicy({ policy: messageOf('askers', askers) });
    replica.tokens.tokens.set('app-token', { subject: 'app', scopes: ['hydra.warden'] });
    const bearer = wardenOver(wired.bearing(), 'app-token');
    const asks = [askerOver(await wired.named(partner)), askerOver(wired.bearing(), 'app-token')];
    for (const subject of subjects) replica.tokens.tokens.set(`${subject}-token`, { subject, scopes: ['x'] });

    const questions = Array.from({ length: 200 }, () => ({
      subject: pick(subjects),
      resource: pick(resources),
      action: pick(actions),
      ip: pick(['10.1.2.3', '192.168.0.1']),
    }));
    for (const subject of ['peter', 'eve'])
      questions.push({ subject, resource: 'only:2', action: 'read', ip: '10.1.2.3' });
    const checks = questions.map(({ ip, ...question }) =>
      checkOf({ ...question, context: { ip, host: '', method: 'GET', path: '/' } }),
    );
    const warden = replica.warden('client');
    const { results } = await warden.batchCheck({ checks }, patient);
    const seen = new Set<boolean>();
    const ask = async (index: number, { subject, resource, action, ip }: (typeof questions)[number]): Promise<void> => {
      const check = checks[index] ?? checkOf();
      const token = `${subject}-token`;
      const tokenCheck = { token, scopes: [], resource, action, context: check.context };
      const [streamed, borne, single, byToken, explained, envoy] = await Promise.all([
        Promise.all(asks.flatMap((over) => [over({ check }), over({ checkToken: tokenCheck })])),
        Promise.all([bearer.check(check), bearer.checkToken(tokenCheck)]),
        warden.check(check, patient),
        warden.checkToken(tokenCheck, patient),
        replica.warden('admin').explain({ check, token: '' }, patient),
        replica.authorization().check(
          envoyAuthV3.CheckRequest.fromPartial({
            attributes: {
              source: { address: { socketAddress: { address: ip } } },
              request: { http: { method: 'GET', path: '/', headers: new Map([['authorization', `Bearer ${token}`]]) } },
              contextExtensions: new Map([
                ['resource', resource],
                ['action', action],
              ]),
            },
          }),
          patient,
        ),
      ]);
      const { allowed } = single;
      expect(
        [
          byToken.allowed,
          results[index]?.decision?.allowed,
          explained.decision?.allowed,
          envoy.okResponse !== undefined && envoy.status?.code === 0,
          ...streamed.map(({ decision, tokenDecision }) => (decision ?? tokenDecision)?.allowed),
          ...borne.map((answer) => answer.allowed),
        ],
        JSON.stringify(check),
      ).toEqual(Array(10).fill(allowed));
      seen.add(allowed);
    };
    // Some at a time: they share what they ask the database.
    for (let first = 0; first < questions.length; first += 20) {
      await Promise.all(questions.slice(first, first + 20).map((question, offset) => ask(first + offset, question)));
    }
    expect(seen.size).toBe(2);
  }, 180_000);

  it('is refused to a peer that is no client', async () => {
    const request = envoyAuthV3.CheckRequest.fromPartial({});
    await expect(replica.authorization('gateway').check(request)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    expect((await replica.authorization().check(request)).deniedResponse?.status?.code).toBe(401);
  });

  it("is an outage at Envoy's door, not a denial, while tokens cannot be asked about", async () => {
    replica.tokens.failure = new Error('gone');
    const request = envoyAuthV3.CheckRequest.fromPartial({
      attributes: {
        request: { http: { method: 'GET', path: '/', headers: new Map([['authorization', 'Bearer peter-token']]) } },
      },
    });
    await expect(replica.authorization().check(request)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    replica.tokens.failure = undefined;
  });
});
