import type { AccessRequest, JsonValue, Revision } from '@castellan/policy';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeCanonically } from './canonical-encoding.js';
import { digestDecision } from './decision-key.js';

const seed = Number(process.env['FAST_CHECK_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const revision: Revision = { number: 7, mark: 'm' };
const request: AccessRequest = { subject: 's', resource: 'r', action: 'a', context: {}, anonymous: false };

function keyOf(members: Partial<AccessRequest>): string {
  return digestDecision('d', revision, { ...request, ...members }).toString('hex');
}

function keyOfContext(value: JsonValue): string {
  return keyOf({ context: { value } });
}

describe('the key of a decision', () => {
  it('differs for every input that differs', () => {
    const keys = [
      digestDecision('d', revision, request).toString('hex'),
      digestDecision('e', revision, request).toString('hex'),
      digestDecision('d', { number: 8, mark: 'm' }, request).toString('hex'),
      digestDecision('d', { number: 7, mark: 'n' }, request).toString('hex'),
      keyOf({ subject: 't' }),
      keyOf({ resource: 's' }),
      keyOf({ action: 'b' }),
      keyOf({ context: { a: 'b' } }),
      keyOf({ anonymous: true }),
      keyOf({ subject: 'r', resource: 's' }),
      keyOf({ subject: 'a|b', resource: 'c' }),
      keyOf({ subject: 'a', resource: 'b|c' }),
      keyOf({ subject: 'a,b' }),
      keyOf({ subject: 'sr', resource: '' }),
      keyOf({ subject: '', resource: 'sr' }),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('keeps apart values of a context that only look alike', () => {
    const values: JsonValue[] = [
      null,
      false,
      true,
      0,
      -0,
      1,
      1.5,
      '1',
      '',
      'null',
      'true',
      [],
      {},
      [[]],
      [{}],
      [null],
      [1],
      ['1'],
      ['a,b'],
      ['a', 'b'],
      [['a'], 'b'],
      ['a', ['b']],
      ['ab'],
      { a: 1 },
      { a: '1' },
      { a: { b: 1 } },
      { a: 1, b: 1 },
      { '': 1 },
      ['a', 1],
      { 0: 'a', 1: 1 },
      'é',
      'e\u0301',
      '\ud800',
      '\ufffd',
      JSON.parse('{"__proto__":{}}') as JsonValue,
    ];
    const keys = values.map(keyOfContext);
    expect(new Set(keys).size).toBe(values.length);
  });

  it('does not depend on the order of the members of an object', () => {
    expect(keyOf({ context: { a: { c: 1, d: [2] }, b: 3 } })).toBe(keyOf({ context: { b: 3, a: { d: [2], c: 1 } } }));
    expect(keyOfContext([1, 2])).not.toBe(keyOfContext([2, 1]));
  });

  it(`is shared by no two different lists of values (seed ${seed})`, () => {
    // A separate notion of equality: two lists are the same when their sorted JSON is, with numbers told apart by Object.is.
    const text = fc.string({ unit: fc.constantFrom('a', 'b', ',', '|', '"', 's', '\0', '\u0001'), maxLength: 3 });
    const { value } = fc.letrec<{ value: JsonValue }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        text,
        fc.constantFrom(null, true, false, 0, -0, 1, 256, 0.1),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(text, tie('value'), { maxKeys: 3 }),
      ),
    }));
    const seen = new Map<string, string>();
    fc.assert(
      fc.property(fc.array(value, { maxLength: 4 }), (list) => {
        const encoding = encodeCanonically(list).toString('latin1');
        const described = describeValue(list);
        expect(seen.get(encoding) ?? described).toBe(described);
        seen.set(encoding, described);
      }),
      { seed, numRuns: 20_000 },
    );
    expect(new Set(seen.values()).size).toBe(seen.size);
    expect(seen.size).toBeGreaterThan(5000);
  });
});

function describeValue(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(describeValue).join(';')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value as { [name: string]: JsonValue });
    return `{${members
      .map(([name, member]) => `${JSON.stringify(name)}:${describeValue(member)}`)
      .sort()
      .join(';')}}`;
  }
  return Object.is(value, -0) ? '-0' : JSON.stringify(value);
}
