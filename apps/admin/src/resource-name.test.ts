import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { createResourceNames, escapeResourcePart } from './resource-name.js';

const names = createResourceNames('rn:hydra');

describe('a resource name', () => {
  const cases: readonly [name: string, expected: string][] = [
    [names.client('consent-app_1.x~y'), 'rn:hydra:clients:consent-app_1.x~y'],
    [names.client('x:y'), 'rn:hydra:clients:x%3Ay'],
    [names.client('%3A'), 'rn:hydra:clients:%253A'],
    [names.client('<.*>'), 'rn:hydra:clients:%3C.%2A%3E'],
    [names.client('\u00e9'), 'rn:hydra:clients:%C3%A9'],
    [names.key('hydra.consent.response', 'private'), 'rn:hydra:keys:hydra.consent.response:private'],
    [names.key('s', 'public:x'), 'rn:hydra:keys:s:public:x'],
    [names.key('s', 'public:x:y'), 'rn:hydra:keys:s:public:x%3Ay'],
    [names.key('s', 'other:x'), 'rn:hydra:keys:s:other%3Ax'],
    [names.key('a:b', 'c'), 'rn:hydra:keys:a%3Ab:c'],
    [names.key('a', 'b:c'), 'rn:hydra:keys:a:b%3Ac'],
    [createResourceNames('rn:mine').policies(), 'rn:mine:policies'],
  ];
  it.each(cases)('%s', (name, expected) => {
    expect(name).toBe(expected);
  });

  it('is never shared by two keys, nor by a key and a set', () => {
    const part = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('public', 'private', 'public:x', 'a:b', 'a', 'b:c'),
    );
    fc.assert(
      fc.property(part, part, part, part, (set, key, otherSet, otherKey) => {
        const same = set === otherSet && key === otherKey;
        expect(names.key(set, key) === names.key(otherSet, otherKey)).toBe(same);
        expect(names.keySet(set)).not.toBe(names.key(otherSet, otherKey));
      }),
    );
  });

  it('never holds what a policy reads as a pattern', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (part) => {
        expect(escapeResourcePart(part)).toMatch(/^[A-Za-z0-9._~%-]*$/);
      }),
    );
  });
});
