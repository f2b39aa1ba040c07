import { validatePolicy } from '@castellan/policy';
import { describe, expect, it } from 'vitest';
import { prepareCastellan } from './castellan-engine.js';
import { createLiteralDecider } from './literal-decider.js';
import { makeWorkload } from './workload.js';

describe('the workload of the benchmark', () => {
  it('is the same for the same size', () => {
    expect(makeWorkload(50)).toEqual(makeWorkload(50));
    expect(makeWorkload(50).policies[0]).not.toEqual(makeWorkload(51).policies[0]);
  });

  it('holds only policies that the Warden would store', () => {
    for (const policy of makeWorkload(1000).policies) expect(() => validatePolicy(policy)).not.toThrow();
  });

  it.each([10, 200])('is decided by the engine as by the literal decider, with %d policies', (size) => {
    const workload = makeWorkload(size);
    const ours = prepareCastellan(workload);
    const literal = createLiteralDecider(workload);
    const requests = workload.requests.slice(0, 500);
    expect(requests.map(ours)).toEqual(requests.map(literal));
  });

  it('allows and denies, by policy and by default', () => {
    const workload = makeWorkload(1000);
    const literal = createLiteralDecider(workload);
    const share = workload.requests.slice(0, 1000).filter(literal).length / 1000;
    expect(share).toBeGreaterThan(0.5);
    expect(share).toBeLessThan(0.75);
  });
});
