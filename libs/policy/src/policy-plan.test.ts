import { describe, expect, it } from 'vitest';
import { allowed, denied } from './decision.js';
import { differingMembers, planPolicies } from './policy-plan.js';
import { type RecordedDecision, replayDecisions } from './replay.js';
import { policyOf } from './testing/policy-store.contract.js';

const conditions = { owner: { type: 'EqualsSubjectCondition', options: {} } };

describe('a plan', () => {
  it('says what an import would create, update, leave and, where it prunes, remove', () => {
    const stored = [policyOf('same', { conditions }), policyOf('other'), policyOf('gone')];
    const wanted = [
      policyOf('same', { conditions }),
      policyOf('other', { effect: 'deny', validUntil: 5 }),
      policyOf('new'),
    ];
    const ids = (list: readonly { readonly id: string }[]): string[] => list.map(({ id }) => id);
    const plan = planPolicies(stored, wanted, false);
    expect([ids(plan.created), ids(plan.updated.map(({ after }) => after)), ids(plan.removed), plan.unchanged]).toEqual(
      [['new'], ['other'], [], 1],
    );
    expect(ids(plan.result)).toEqual(['same', 'other', 'new', 'gone']);
    expect(plan.updated.map(({ before, after }) => differingMembers(before, after))).toEqual([
      ['effect', 'validUntil'],
    ]);
    const pruned = planPolicies(stored, wanted, true);
    expect([ids(pruned.removed), ids(pruned.result)]).toEqual([['gone'], ['same', 'other', 'new']]);
  });
});

describe('a replay', () => {
  const recorded = (
    members: Partial<RecordedDecision['request']>,
    rest: Partial<RecordedDecision> = {},
  ): RecordedDecision => ({
    request: { subject: 'peter', resource: 'articles:1', action: 'read', context: {}, anonymous: false, ...members },
    groups: [],
    decision: allowed,
    decidedAt: 100,
    redacted: [],
    ...rest,
  });
  const present = [policyOf('p'), policyOf('staff', { subjects: ['staff'], actions: ['write'] })];

  it('tells of the decisions that would be others, by the groups and at the time of the record', () => {
    const planned = [
      policyOf('p', { validUntil: 100 }),
      policyOf('staff', { subjects: ['staff'], actions: ['write'] }),
      policyOf('all', { subjects: ['eve'] }),
    ];
    const records = [
      recorded({}),
      recorded({}, { decidedAt: 99 }),
      recorded({ subject: 'ken', action: 'write' }, { groups: ['staff'] }),
      recorded({ subject: 'eve' }, { decision: denied('default') }),
    ];
    const { replayed, flips, unreproduced } = replayDecisions(records, present, planned);
    expect([replayed, unreproduced]).toEqual([4, 0]);
    expect(flips.map(({ recorded: one, before, after }) => [one, before, after])).toEqual([
      [records[0], allowed, denied('default')],
      [records[3], denied('default'), allowed],
    ]);
  });

  it('says nothing of a record that the present policies decide otherwise', () => {
    const records = [recorded({ subject: 'ken', action: 'write' }), recorded({ subject: 'ken' })];
    expect(replayDecisions(records, present, [])).toEqual({ replayed: 0, flips: [], unreproduced: 2 });
  });
});
