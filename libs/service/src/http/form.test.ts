import { describe, expect, it } from 'vitest';
import { parseFormParameters, parseQueryParameters } from './form.js';

describe('form parameters', () => {
  it.each([
    ['', []],
    ['a=1', [['a', '1']]],
    [
      'a=1&b=2&a=3',
      [
        ['a', '1'],
        ['b', '2'],
        ['a', '3'],
      ],
    ],
    ['a', [['a', '']]],
    ['a=', [['a', '']]],
    ['=a', [['', 'a']]],
    ['&&a=1&', [['a', '1']]],
    ['a=b=c', [['a', 'b=c']]],
    ['a=x+y%2Bz', [['a', 'x y+z']]],
    ['scope=%C3%BC%F0%9F%98%80', [['scope', '\u00fc\u{1f600}']]],
    [
      'a[]=1&a[b]=2&a.c=3',
      [
        ['a[]', '1'],
        ['a[b]', '2'],
        ['a.c', '3'],
      ],
    ],
    [
      '__proto__=1&constructor=2',
      [
        ['__proto__', '1'],
        ['constructor', '2'],
      ],
    ],
    ['a;b=1', [['a;b', '1']]],
  ])('of %j keep order, repetition and literal names', (text, expected) => {
    expect(parseFormParameters(text)).toEqual(expected.map(([name, value]) => ({ name, value })));
  });

  it.each([
    'a=%',
    'a=%4',
    'a=%zz',
    'a=%ff%fe',
    'a=%c0%af',
    'a=%ed%a0%80',
    'a=\ud800',
    'a=%00',
    'a=\u0001',
    'a=%0d%0a',
    'a=%7f',
    '%00=a',
  ])('refuse %j', (text) => {
    expect(() => parseFormParameters(text)).toThrow(expect.objectContaining({ statusCode: 400 }));
  });

  it('are at most 200', () => {
    expect(parseFormParameters('a=1&'.repeat(200))).toHaveLength(200);
    expect(() => parseFormParameters('a=1&'.repeat(201))).toThrow('too many');
    expect(parseFormParameters(`${'&'.repeat(300)}a=1`)).toHaveLength(1);
    // Cutting the rest off would read one request where another reader finds a second value.
    expect(() => parseFormParameters(`a=1${'&'.repeat(401)}a=2`)).toThrow('too many');
    expect(() => parseFormParameters(`${'&'.repeat(100_000)}a=1`)).toThrow('too many');
  });

  it('of a query end before a fragment', () => {
    expect(parseQueryParameters('/oauth2/auth')).toEqual([]);
    expect(parseQueryParameters('/oauth2/auth?state=a?b#c')).toEqual([{ name: 'state', value: 'a?b' }]);
  });
});
