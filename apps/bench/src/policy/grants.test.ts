import { describe, expect, it } from 'vitest';
import { makeGrants, policiesOf } from './grants.js';

describe('the grants', () => {
  it('decide their requests as each says, half of them yes', () => {
    const grants = makeGrants(100);
    expect(policiesOf(grants)).toHaveLength(100);
    expect(grants.requests.filter(({ isGranted }) => isGranted)).toHaveLength(500);
    const held = new Set(
      grants.grants.flatMap(({ subject, action, thing }) =>
        (subject.type === 'user' ? [subject.id] : (grants.groups[subject.id]?.members ?? [])).map(
          (user) => `${user} ${action} ${thing}`,
        ),
      ),
    );
    for (const { user, action, thing, isGranted } of grants.requests)
      expect(held.has(`${user} ${action} ${thing}`)).toBe(isGranted);
  });
});
