import { describe, expect, it } from 'vitest';
import type { AccessRequest } from './access-request.js';
import { allowed, denied } from './decision.js';
import { PolicyError } from './policy-error.js';
import { PolicyIndex } from './policy-index.js';
import { parsePolicyJson, policyToJson } from './policy-json.js';
import { validatePolicy } from './policy.js';
import { policyOf } from './testing/policy-store.contract.js';
import { parseBound } from './validity.js';

const request: AccessRequest = {
  subject: 'peter',
  resource: 'articles:1',
  action: 'read',
  context: {},
  anonymous: false,
};
const revision = { number: 1, mark: 'm' };

function indexOf(...policies: readonly ReturnType<typeof policyOf>[]): PolicyIndex {
  return new PolicyIndex({ revision, policies, memberships: [] });
}

describe('a policy with a validity', () => {
  it('counts from its first instant on, and before its last', () => {
    const index = indexOf(policyOf('p', { validFrom: 10, validUntil: 20 }));
    const decisions = [9, 10, 19, 20].map((now) => [index.decide(request, now), index.lastDecisionEnd]);
    expect(decisions).toEqual([
      [denied('default'), 10],
      [allowed, 20],
      [allowed, 20],
      [denied('default'), Number.POSITIVE_INFINITY],
    ]);
  });

  it('denies for a time only, which ends the allowance of others', () => {
    const index = indexOf(policyOf('p'), policyOf('freeze', { effect: 'deny', validFrom: 10, validUntil: 20 }));
    expect([index.decide(request, 5), index.lastDecisionEnd]).toEqual([allowed, 10]);
    expect([index.decide(request, 15), index.lastDecisionEnd]).toEqual([denied('explicit'), 20]);
    expect([index.decide(request, 20), index.lastDecisionEnd]).toEqual([allowed, Number.POSITIVE_INFINITY]);
  });

  it('is decided about by nobody who does not know the time', () => {
    const index = indexOf(policyOf('p', { subjects: ['<.*>'], validUntil: 20 }));
    expect(() => index.decide(request)).toThrow(TypeError);
    expect(() => index.decide(request, Number.NaN)).toThrow(TypeError);
    expect(index.decide({ ...request, action: 'write' })).toEqual(denied('default'));
  });

  it('still denies where it cannot be evaluated, at its time', () => {
    const bad = { ...policyOf('bad', { validUntil: 20 }), subjects: ['<('] };
    expect(indexOf(policyOf('p'), bad).decide(request, 10)).toEqual(denied('policy_invalid'));
    expect(indexOf(policyOf('p'), bad).decide(request, 20)).toEqual(allowed);
    const worse = { ...policyOf('worse', { validUntil: 20 }), conditions: null as unknown as object as never };
    expect(indexOf(policyOf('p'), worse).decide(request, 10)).toEqual(denied('policy_invalid'));
  });

  it('is forgotten with its validity', () => {
    const index = indexOf(policyOf('p', { validUntil: 20 }));
    index.apply({ revision, policies: [policyOf('p')], removedPolicyIds: [], memberships: [] });
    expect(index.decide(request)).toEqual(allowed);
    index.apply({ revision, policies: [], removedPolicyIds: ['p'], memberships: [] });
    index.apply({ revision, policies: [policyOf('q')], removedPolicyIds: [], memberships: [] });
    expect(index.decide(request)).toEqual(allowed);
  });

  it.each([
    [{ validFrom: 10 }, 5, 'not_yet'],
    [{ validUntil: 10 }, 15, 'over'],
    [{ validFrom: 1, validUntil: 10 }, 10, 'over'],
  ])('with %j is explained at %i as %s, and as what came nearest', (validity, now, outsideValidity) => {
    expect(indexOf(policyOf('p', validity)).explain(request, now)).toMatchObject({
      policies: [{ id: 'p', outsideValidity, validity, unfulfilledCondition: undefined }],
      nearestMiss: { id: 'p', part: 'validity' },
    });
  });

  it('is no near miss where a condition failed as well', () => {
    const conditions = { owner: { type: 'EqualsSubjectCondition', options: {} } };
    const index = indexOf(policyOf('old', { validUntil: 10, conditions }), policyOf('owned', { conditions }));
    expect(index.explain(request, 15).nearestMiss).toMatchObject({
      id: 'owned',
      part: 'condition',
      condition: 'owner',
    });
    const write = { ...request, action: 'write' };
    expect(indexOf(policyOf('old', { validUntil: 10 })).explain(write, 15).nearestMiss).toBeUndefined();
  });
});

describe('the bounds of a validity', () => {
  it.each([
    ['2030-01-31T08:00:00Z', Date.UTC(2030, 0, 31, 8)],
    ['2030-01-31t08:00:00.123999z', Date.UTC(2030, 0, 31, 8, 0, 0, 123)],
    ['2030-01-31T08:00:00+02:00', Date.UTC(2030, 0, 31, 6)],
    ['2028-02-29T23:59:59-00:30', Date.UTC(2028, 2, 1, 0, 29, 59)],
    ['', undefined],
  ])('are read from %s', (text, expected) => {
    expect(parseBound('valid_from', text)).toBe(expected);
  });

  it.each([
    '2030-01-31',
    '2030-01-31T08:00:00',
    '2030-01-31 08:00:00Z',
    '2030-02-30T08:00:00Z',
    '2030-01-31T24:00:01Z',
    '2030-01-31T08:00:60Z',
    '2030-13-01T08:00:00Z',
    'tomorrow',
    '1700000000',
    '2030-01-31T08:00:00Z\n',
    '+12030-01-31T08:00:00Z',
  ])('are not read from %j', (text) => {
    expect(() => parseBound('valid_until', text)).toThrow(PolicyError);
  });

  it('are written as they were read, and left out where there are none', () => {
    const json = { ...policyToJson(policyOf('p')), valid_from: '2030-01-31T08:00:00.000Z' };
    const policy = validatePolicy(parsePolicyJson(json));
    expect(policy.validFrom).toBe(Date.UTC(2030, 0, 31, 8));
    expect(policyToJson(policy)).toEqual(json);
    expect(Object.keys(policyToJson(policyOf('p')))).not.toContain('valid_from');
  });

  it.each([
    [{ validFrom: 20, validUntil: 20 }, 'valid_until'],
    [{ validFrom: 20, validUntil: 10 }, 'valid_until'],
    [{ validFrom: Number.NaN }, 'valid_from'],
    [{ validFrom: -1 }, 'valid_from'],
    [{ validFrom: 1.5 }, 'valid_from'],
    [{ validUntil: Number.POSITIVE_INFINITY }, 'valid_until'],
    [{ validUntil: 253_402_300_800_000 }, 'valid_until'],
  ])('%j are refused', (validity, member) => {
    expect(() => validatePolicy(policyOf('p', validity))).toThrow(expect.objectContaining({ member }));
  });
});
