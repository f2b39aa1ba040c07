import { describe, expect, it } from 'vitest';
import { brokenPromises, type Observation } from './history.js';

function seen(
  kind: Observation['kind'],
  result: Observation['result'],
  startedAt: number,
  endedAt: number,
): Observation {
  return { kind, key: 'k', result, startedAt, endedAt };
}

describe('a history', () => {
  it.each<[string, Observation[], number]>([
    ['of one redemption is good', [seen('redeem', 'done', 0, 1), seen('redeem', 'refused', 0, 2)], 0],
    ['of an answer that never came is good', [seen('redeem', 'done', 0, 1), seen('redeem', 'unknown', 0, 2)], 0],
    ['of two redemptions is not', [seen('redeem', 'done', 0, 1), seen('redeem', 'done', 0, 2)], 1],
    [
      'of a question that was under way at the revocation is good',
      [seen('revoke', 'done', 0, 5), seen('introspect', 'active', 4, 9)],
      0,
    ],
    [
      'of an active token after its revocation is not',
      [seen('revoke', 'done', 0, 5), seen('introspect', 'active', 6, 9)],
      1,
    ],
    [
      'of a revocation without an answer promises nothing',
      [seen('revoke', 'unknown', 0, 5), seen('introspect', 'active', 6, 9)],
      0,
    ],
  ])('%s', (_name, history, broken) => {
    expect(brokenPromises(history)).toHaveLength(broken);
  });
});
