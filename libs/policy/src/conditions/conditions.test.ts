import { describe, expect, it } from 'vitest';
import type { JsonObject, JsonValue } from '../json.js';
import { compileCondition } from './table.js';

type Row = { type: string; options: JsonObject; fulfilled: JsonValue[]; not: (JsonValue | undefined)[] };

const notStrings = [undefined, null, true, 1, [], {}, ['x'], { equals: 'x' }];

const table: Row[] = [
  {
    type: 'StringEqualCondition',
    options: { equals: 'x' },
    fulfilled: ['x'],
    not: [...notStrings, 'X', 'xx', ' x', ''],
  },
  { type: 'StringEqualCondition', options: { equals: '' }, fulfilled: [''], not: notStrings },
  {
    type: 'StringMatchCondition',
    options: { matches: '[0-9]+' },
    fulfilled: ['a12b', '1'],
    not: [...notStrings, 'ab', ''],
  },
  { type: 'StringMatchCondition', options: { matches: '^a$' }, fulfilled: ['a'], not: ['ba', 'a\n'] },
  { type: 'EqualsSubjectCondition', options: {}, fulfilled: ['peter'], not: [...notStrings, 'Peter', ''] },
  {
    type: 'StringPairsEqualCondition',
    options: {},
    fulfilled: [
      [],
      [['a', 'a']],
      [
        ['a', 'a'],
        ['', ''],
      ],
    ],
    not: [
      undefined,
      null,
      'aa',
      {},
      [['a', 'b']],
      [
        ['a', 'a'],
        ['a', 'b'],
      ],
      [['a']],
      [['a', 'a', 'a']],
      [[1, 1]],
      ['aa'],
      [null],
    ],
  },
  {
    type: 'ResourceContainsCondition',
    options: {},
    fulfilled: [
      { value: 'files', delimiter: ':' },
      { value: '10', delimiter: ':' },
      { value: 'rn:files', delimiter: ':' },
      { value: '1', delimiter: '' },
      { value: 'ile' },
      { value: 'ile', delimiter: null },
      { value: 'ile', extra: 1 },
    ],
    not: [
      ...notStrings,
      'files',
      { value: '' },
      { value: '', delimiter: ':' },
      { value: '1', delimiter: ':' },
      { value: 1 },
      { value: 'files', delimiter: 1 },
      { delimiter: ':' },
    ],
  },
  {
    type: 'BooleanCondition',
    options: { value: true },
    fulfilled: [true],
    not: [undefined, null, false, 1, 'true', [], {}],
  },
  {
    type: 'BooleanCondition',
    options: { value: false },
    fulfilled: [false],
    not: [undefined, null, true, 0, '', 'false'],
  },
  {
    type: 'CIDRCondition',
    options: { cidr: '10.0.0.0/8' },
    fulfilled: [
      '10.0.0.1',
      '10.255.255.255',
      '::ffff:10.1.2.3',
      '::ffff:a01:203',
      '::FFFF:0A01:0203',
      '0:0:0:0:0:ffff:a01:203',
    ],
    not: [
      ...notStrings,
      '11.0.0.1',
      '010.0.0.1',
      '10.1',
      '10',
      '167772161',
      '0x0a000001',
      '10.0.0.0x1',
      ' 10.0.0.1',
      '10.0.0.1 ',
      '10.0.0.1\n',
      '10.0.0.256',
      '10.0.0.-1',
      '10.0.0.1.1',
      '10.0.0.',
      '.10.0.0.1',
      '10..0.1',
      '10.0.0.1/8',
      '10.0.0.1:80',
      '10.0.0.\u0661',
      '[::ffff:10.1.2.3]',
      '::ffff:10.1.2.3%eth0',
      '::10.1.2.3',
      '::ffff:0:10.1.2.3',
      '::ffff:10.1.2',
      '::ffff:010.1.2.3',
      '64:ff9b::10.1.2.3',
      '',
    ],
  },
  // the host bits of the network do not matter
  { type: 'CIDRCondition', options: { cidr: '192.168.1.77/24' }, fulfilled: ['192.168.1.1'], not: ['192.168.2.77'] },
  { type: 'CIDRCondition', options: { cidr: '10.0.0.1/32' }, fulfilled: ['10.0.0.1'], not: ['10.0.0.2'] },
  {
    type: 'CIDRCondition',
    options: { cidr: '0.0.0.0/0' },
    fulfilled: ['1.2.3.4', '::ffff:1.2.3.4'],
    not: ['::1', '2001:db8::1'],
  },
  {
    type: 'CIDRCondition',
    options: { cidr: '2001:db8::/32' },
    fulfilled: ['2001:db8::1', '2001:DB8:0:0:0:0:0:1', '2001:db8:ffff::', '2001:db8::192.0.2.1'],
    not: [
      '2001:db9::1',
      '2001:db8::1%1',
      '2001:db8:::1',
      '2001:db8::1::2',
      '2001:db8:0:0:0:0:0:0:1',
      '2001:db8',
      '2001:db8::12345',
      ':2001:db8::',
      '2001:db8::1:',
      '10.0.0.1',
      '1.2.3.4::',
    ],
  },
  { type: 'CIDRCondition', options: { cidr: '::/0' }, fulfilled: ['::', '::1'], not: ['10.0.0.1', '::ffff:10.0.0.1'] },
  {
    type: 'CIDRCondition',
    options: { cidr: '::1/128' },
    fulfilled: ['::1', '0:0:0:0:0:0:0:1'],
    not: ['::2', '127.0.0.1'],
  },
  {
    type: 'CIDRCondition',
    options: { cidr: '::ffff:10.0.0.0/104' },
    fulfilled: ['10.9.9.9', '::ffff:10.9.9.9'],
    not: ['11.0.0.1'],
  },
  {
    type: 'CIDRCondition',
    options: { cidr: '1:2:3:4:5:6:7::/112' },
    fulfilled: ['1:2:3:4:5:6:7:8'],
    not: ['1:2:3:4:5:6:8:8'],
  },
];

describe.each(table)('$type $options', ({ type, options, fulfilled, not }) => {
  const condition = compileCondition(type, options);
  const evaluation = { subject: 'peter', resource: 'rn:files:10' };

  it.each(fulfilled.map((value) => [value]))('is fulfilled by %j', (value) => {
    expect(condition.isFulfilled(value, evaluation)).toBe(true);
  });

  it.each(not.map((value) => [value]))('is not fulfilled by %j', (value) => {
    expect(condition.isFulfilled(value, evaluation)).toBe(false);
  });
});

describe('a condition', () => {
  it.each([
    ['Nope', {}, 'Could not find condition type Nope'],
    ['', {}, 'Could not find condition type'],
    ['constructor', {}, 'Could not find condition type constructor'],
    ['cidrcondition', { cidr: '10.0.0.0/8' }, 'Could not find condition type cidrcondition'],
    ['StringEqualCondition', {}, 'equals must be a string'],
    ['StringEqualCondition', { equals: 1 }, 'equals must be a string'],
    ['StringEqualCondition', { equal: 'x' }, 'equals must be a string'],
    ['StringMatchCondition', {}, 'matches must be a string'],
    ['StringMatchCondition', { matches: '(' }, 'missing closing )'],
    ['StringMatchCondition', { matches: 'a(?=b)' }, 'at position 1'],
    ['StringMatchCondition', { matches: 'x'.repeat(1025) }, 'longer than 1024 bytes'],
    ['BooleanCondition', {}, 'value must be true or false'],
    ['BooleanCondition', { value: 'true' }, 'value must be true or false'],
    ['CIDRCondition', {}, 'cidr must be a string'],
    ...[
      '',
      '10.0.0.0',
      '10.0.0.0/33',
      '10.0.0.0/',
      '10.0.0.0/08',
      '10.0.0.0/-1',
      '10.0.0.0/8 ',
      '10.0.0/8',
      '010.0.0.0/8',
      '::/129',
      '::1',
      'fe80::1%eth0/64',
      '::ffff:10.0.0.0/129',
      '/8',
    ].map((cidr) => ['CIDRCondition', { cidr }, 'not a network'] as const),
  ] as const)('%s with options %j is refused', (type, options, message) => {
    expect(() => compileCondition(type, options)).toThrow(message);
  });

  it('keeps of its options what its type knows', () => {
    expect(compileCondition('StringEqualCondition', { equals: 'x', more: 1 }).options).toEqual({ equals: 'x' });
    expect(compileCondition('EqualsSubjectCondition', { more: 1 }).options).toEqual({});
  });

  it('reads its options and its value by own members only', () => {
    expect(() => compileCondition('StringEqualCondition', Object.create({ equals: 'x' }) as JsonObject)).toThrow();
    const inherited = Object.create({ value: 'files' }) as JsonObject;
    const condition = compileCondition('ResourceContainsCondition', {});
    expect(condition.isFulfilled(inherited, { subject: 'peter', resource: 'files' })).toBe(false);
  });
});
