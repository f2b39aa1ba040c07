import { createTestDatabase, type TestDatabase } from '@castellan/postgres/testing';
import { createPostgresDecisionLog } from '@castellan/postgres';
import type { DecisionRecord } from '@castellan/policy';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkOf, messageOf } from '../testing/messages.js';
import { type Replica, startReplica } from '../testing/replica.module.js';
import { createDecisionLog, type Decided, type DecisionLogOptions } from './decision-log.js';
import { redactContext } from './redact-context.js';
import { createStdoutSink } from './stdout-sink.js';

const decided: Decided = {
  decidedAt: 1_750_000_000_000,
  door: 'check',
  caller: 'client',
  requestId: 'r1',
  subject: 'peter',
  clientId: '',
  resource: 'articles:1',
  action: 'read',
  context: { ip: '10.0.0.1', owner: 'peter' },
  groups: ['staff'],
  allowed: true,
  reason: '',
  revision: 7,
};

function createTest(options: Partial<DecisionLogOptions> = {}) {
  const written: DecisionRecord[] = [];
  const counts = { written: 0, dropped: 0, failures: 0 };
  const log = createDecisionLog({
    sinks: [
      {
        name: 'memory',
        async write(records) {
          written.push(...records);
        },
      },
    ],
    sample: 1,
    rules: { shown: 'all', hidden: new Set() },
    maxWaiting: 100,
    random: () => 0.5,
    onWritten: (_sink, count) => (counts.written += count),
    onDropped: (_sink, count) => (counts.dropped += count),
    onFailure: () => counts.failures++,
    ...options,
  });
  return { log, written, counts };
}

describe('the decision log', () => {
  it('drops what comes beyond what may wait, and counts it', async () => {
    const { log, written, counts } = createTest();
    for (let i = 0; i < 150; i++) log.record(() => ({ ...decided, requestId: `r${i}` }));
    expect(written).toEqual([]);
    await log.close(1_000);
    expect(written.map(({ requestId }) => requestId)).toEqual(Array.from({ length: 100 }, (_, i) => `r${i}`));
    expect(counts).toEqual({ written: 100, dropped: 50, failures: 0 });
  });

  it.each([
    [0.4, 0],
    [0.6, 1],
    [1, 1],
    [0, 0],
  ])('records a share of %d', async (sample, count) => {
    const { log, written } = createTest({ sample });
    let asked = 0;
    log.record(() => (asked++, decided));
    await log.close(1_000);
    expect([written.length, asked, log.isOn]).toEqual([count, count, sample > 0]);
  });

  it('is off, and builds nothing, without a sink', () => {
    const { log } = createTest({ sinks: [] });
    expect(log.isOn).toBe(false);
    log.record(() => {
      throw new Error('nobody wants it');
    });
  });

  it('counts what a sink does not take, and hands it to the others', async () => {
    const written: DecisionRecord[] = [];
    const { log, counts } = createTest({
      sinks: [
        { name: 'broken', write: () => Promise.reject(new Error('away')) },
        { name: 'memory', write: async (records) => void written.push(...records) },
      ],
    });
    log.record(() => decided);
    await log.close(1_000);
    expect([written.length, counts]).toEqual([1, { written: 1, dropped: 1, failures: 1 }]);
  });

  it('waits no longer for a sink than it is told when it is closed', async () => {
    const { log, counts } = createTest({ sinks: [{ name: 'stuck', write: () => new Promise(() => undefined) }] });
    for (let i = 0; i < 3; i++) log.record(() => decided);
    await log.close(10);
    expect(counts.written).toBe(0);
  });

  it('takes a token out of every text, and out of names in the context at any depth', async () => {
    const token = `ct_at_${'A'.repeat(60)}.${'B'.repeat(43)}`;
    const texts = { caller: token, requestId: token, subject: token, clientId: token, resource: token, action: token };
    const { log, written } = createTest();
    log.record(() => ({ ...decided, ...texts, groups: [token], context: { deep: [{ [token]: token }] } }));
    await log.close(1_000);
    expect(written).toHaveLength(1);
    expect(JSON.stringify(written)).not.toContain('ct_at_');
  });

  it('writes lines of JSON, and none to a reader that does not read', async () => {
    const lines: string[] = [];
    const stream = { writableLength: 0, write: (text: string) => lines.push(text) > 0 };
    const sink = createStdoutSink(stream);
    await sink.write([{ ...decided, redacted: [] }]);
    expect(JSON.parse(lines.join(''))).toMatchObject({
      log: 'decision',
      subject: 'peter',
      decided_at: '2025-06-15T15:06:40.000Z',
    });
    stream.writableLength = 2_000_000;
    await expect(sink.write([{ ...decided, redacted: [] }])).rejects.toThrow();
    expect(lines).toHaveLength(1);
  });
});

describe('what is recorded of a context', () => {
  const context = { ip: '10.0.0.1', owner: 'peter', note: 'x' };

  it.each([
    ['all' as const, [], context, []],
    ['all' as const, ['owner'], { ip: '10.0.0.1', note: 'x' }, ['owner']],
    [['ip', 'owner'], ['owner'], { ip: '10.0.0.1' }, ['owner', 'note']],
    [[], [], {}, ['ip', 'owner', 'note']],
  ])('is %j without %j', (shown, hidden, recorded, redacted) => {
    const rules = { shown: typeof shown === 'string' ? shown : new Set(shown), hidden: new Set(hidden) };
    const answer = redactContext(context, rules);
    expect(answer.context).toEqual(recorded);
    expect(new Set(answer.redacted)).toEqual(new Set(redacted));
  });

  it('is never a token, whatever the rules say and however deep it stands', () => {
    const secret = 'ct_at_AAAA.BBBB';
    const jwt = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.AAAA';
    const answer = redactContext(
      { header: `Bearer ${secret}`, deep: [{ a: secret }], password: 'hunter2', jwt, [secret]: 1, fine: true },
      { shown: 'all', hidden: new Set() },
    );
    const text = JSON.stringify(answer);
    for (const leak of [secret, jwt, 'hunter2']) expect(text).not.toContain(leak);
    expect(answer.context).toMatchObject({ fine: true });
    expect(answer.redacted).toContain('header');
  });
});

describe('the decision log of a Warden', () => {
  let database: TestDatabase;
  let replica: Replica;

  const day = 24 * 3_600_000;
  /** For what happens by itself: a busy machine takes its time. */
  const patience = { timeout: 60_000 };

  beforeAll(async () => {
    database = await createTestDatabase('warden');
    replica = await startReplica({
      databaseUrl: database.url,
      decisionLog: {
        toTable: true,
        toStdout: false,
        sample: 1,
        retentionMs: 2 * day,
        context: { shown: new Set(['ip']), hidden: new Set() },
      },
    });
  });

  afterAll(async () => {
    await replica?.close();
    await database?.drop();
  });

  async function list(request: Partial<Parameters<ReturnType<Replica['decisions']>['listDecisions']>[0]> = {}) {
    const all = { limit: 0, before: '', subject: '', resource: '', action: '', ...request };
    return replica.decisions().listDecisions(all);
  }

  it('holds every decision of every door, and no token', async () => {
    await replica.policies().putPolicy({ policy: messageOf('p') });
    await replica.groups().createGroup({ group: { id: 'staff', members: ['peter'] } });
    replica.tokens.tokens.set('ct_at_peter.token', { subject: 'peter', scopes: ['x'] });
    const warden = replica.warden();
    await warden.check(checkOf({ context: { ip: '10.0.0.1', owner: 'ken' } }));
    await warden.batchCheck({ checks: [checkOf({ subject: 'eve' }), checkOf({ subject: '' }), checkOf()] });
    const byToken = { resource: 'articles:1', action: 'read', context: undefined };
    await warden.checkToken({ ...byToken, token: 'ct_at_peter.token', scopes: [] });
    await warden.checkToken({ ...byToken, token: 'ct_at_peter.token', scopes: ['y'] });
    await warden.checkToken({ ...byToken, token: 'ct_at_gone.token', scopes: [] });
    await warden.check(checkOf({ subject: 'ct_at_peter.token' }));
    await expect.poll(async () => (await list()).decisions.length, patience).toBe(7);
    const { decisions } = await list();
    const seen = decisions.map(({ door, subject, allowed, reason, groups }) => [
      door,
      subject,
      allowed,
      reason,
      groups,
    ]);
    expect(seen.toSorted()).toEqual(
      [
        ['check', 'peter', true, '', ['staff']],
        ['batch', 'eve', false, 'default', []],
        ['batch', 'peter', true, '', ['staff']],
        ['check_token', 'peter', true, '', ['staff']],
        ['check_token', '', false, 'scope', []],
        ['check_token', '', false, 'token_inactive', []],
        ['check', '[redacted]', false, 'default', []],
      ].toSorted(),
    );
    expect(JSON.stringify(decisions)).not.toContain('ct_at_');
    const [checked] = (await list({ subject: 'peter' })).decisions.filter(({ door }) => door === 'check');
    expect(checked).toMatchObject({ contextJson: '{"ip":"10.0.0.1"}', redacted: ['owner'], caller: 'client' });
    expect((await list({ allowed: false })).decisions).toHaveLength(4);
    expect((await list({ sinceMs: Date.now() + 60_000 })).decisions).toEqual([]);
  });

  it('is read page by page, the newest first', async () => {
    const { decisions: all } = await list();
    const seen = [];
    let before = '';
    do {
      const page = await list({ limit: 2, before });
      seen.push(...page.decisions);
      before = page.next;
    } while (before !== '');
    expect(seen).toEqual(all);
    const times = all.map(({ decidedAtMs }) => decidedAtMs);
    expect(times).toEqual(times.toSorted((a, b) => b - a));
    for (const request of [{ before: "1'; DROP TABLE" }, { limit: 1001 }, { limit: -1 }]) {
      await expect(list(request)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    }
    await expect(replica.decisions('client').listDecisions({ limit: 1 } as never)).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
  });

  it('forgets by dropping partitions, at the time that was promised when it was written', async () => {
    const store = createPostgresDecisionLog(database.database, 2 * day);
    const longer = createPostgresDecisionLog(database.database, 20 * day);
    await longer.append([{ ...decided, decidedAt: Date.now(), redacted: [], requestId: 'kept longer' }]);
    const rows = async (): Promise<number> =>
      Number((await database.database.pool.query('SELECT count(*) AS count FROM warden.decision')).rows[0].count);
    const before = await rows();
    await store.forget();
    expect(await rows()).toBe(before);
    await database.advanceClock(4 * day);
    await store.forget();
    expect(await rows()).toBe(1);
    await database.advanceClock(20 * day);
    await store.forget();
    expect(await rows()).toBe(0);
    await store.makeRoom();
    await store.append([{ ...decided, decidedAt: Date.now() + 24 * day, redacted: [] }]);
    expect(await rows()).toBe(1);
  });

  it('fails no check while its table is away, and counts what is lost', async () => {
    const before = await counted('dropped');
    await database.database.pool.query('ALTER TABLE warden.decision RENAME TO elsewhere');
    expect((await replica.warden().check(checkOf())).allowed).toBe(true);
    await expect.poll(() => counted('dropped'), patience).toBe(before + 1);
    expect(replica.log.some((line) => line.includes('Decisions cannot be recorded'))).toBe(true);
    await database.database.pool.query('ALTER TABLE warden.elsewhere RENAME TO decision');
  });

  it('holds back no check while its table is locked, and loses nothing uncounted', async () => {
    const before = (await counted('written')) + (await counted('dropped'));
    const holder = await database.database.pool.connect();
    try {
      await holder.query('BEGIN; LOCK TABLE warden.decision IN ACCESS EXCLUSIVE MODE');
      for (let i = 0; i < 600; i++) {
        expect((await replica.warden().check(checkOf({ resource: `locked:${i}` }))).reason).not.toBe(0);
      }
    } finally {
      await holder.query('ROLLBACK');
      holder.release();
    }
    const sum = async (): Promise<number> => (await counted('written')) + (await counted('dropped'));
    await expect.poll(sum, patience).toBe(before + 600);
  });

  /** Records that the table got, or lost. */
  async function counted(outcome: 'written' | 'dropped'): Promise<number> {
    const metric = await replica.metrics.registry.getSingleMetric('castellan_warden_decision_records_total')?.get();
    return metric?.values.find(({ labels }) => labels['outcome'] === outcome)?.value ?? 0;
  }
});
