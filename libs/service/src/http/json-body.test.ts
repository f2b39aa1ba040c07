import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { parseJsonBody } from './json-body.js';

function parse(text: string): unknown {
  return parseJsonBody(Buffer.from(text));
}

describe('a JSON body', () => {
  it.each([
    ['{"a":[1,-2.5e3,"x",true,null,{}]}', { a: [1, -2500, 'x', true, null, {}] }],
    [' \n[ ]\t', []],
    ['"\\u00e4\\n\\ud83d\\ude00"', '\u00e4\n\u{1f600}'],
    ['{"a":{"b":1},"b":{"a":1}}', { a: { b: 1 }, b: { a: 1 } }],
    ['[{"a":1},{"a":2}]', [{ a: 1 }, { a: 2 }]],
    ['{"a":"a","b":"a"}', { a: 'a', b: 'a' }],
    [
      '{"constructor":{"prototype":{"polluted":true}},"prototype":1}',
      { constructor: { prototype: { polluted: true } }, prototype: 1 },
    ],
    ['["{","[[[","\\"","\\\\"]', ['{', '[[[', '"', '\\']],
    ['9007199254740993', 9007199254740992],
    ['-0', -0],
  ])('%s is read', (text, expected) => {
    expect(parse(text)).toEqual(expected);
    expect('polluted' in {}).toBe(false);
  });

  it('that is empty is absent', () => {
    expect(parse('')).toBeUndefined();
  });

  it.each([
    ['nesting beyond 32', `${'['.repeat(33)}${']'.repeat(33)}`],
    ['nesting of 100000', '['.repeat(100_000)],
    ['nesting of objects', `${'{"a":'.repeat(33)}1${'}'.repeat(33)}`],
    ['a member twice', '{"a":1,"a":1}'],
    ['a member twice, escaped', '{"a":1,"\\u0061":2}'],
    ['a member twice below', '[{"x":{"a":{},"b":[],"a":2}}]'],
    ['__proto__', '{"__proto__":{"polluted":true}}'],
    ['__proto__ below, escaped', '{"a":[{"\\u005f_proto__":1}]}'],
    ['1e400', '{"a":1e400}'],
    ['-1e400', '[-1e400]'],
    ['a number of a million digits', '9'.repeat(1_000_000)],
    ['a byte order mark', '\ufeff{}'],
    ['a trailing comma', '{"a":1,}'],
    ['a comment', '{/* x */"a":1}'],
    ['trailing data', '{} {}'],
    ['single quotes', "{'a':1}"],
    ['NaN', 'NaN'],
    ['NUL in a string', '"a\\u0000b"'],
    ['NUL in a name', '{"a\\u0000":1}'],
    ['a lone surrogate', '"\\ud800"'],
    ['an unclosed string', '{"a'],
    ['an unclosed escape', '"\\'],
  ])('with %s is refused', (_title, text) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ statusCode: 400 }));
  });

  it('that is not UTF-8 is refused', () => {
    for (const bytes of ['22ff22', '22c0af22', '22eda08022']) {
      expect(() => parseJsonBody(Buffer.from(bytes, 'hex'))).toThrow('not UTF-8');
    }
  });

  it('with exactly 32 levels is read', () => {
    expect(() => parse(`${'['.repeat(32)}${']'.repeat(32)}`)).not.toThrow();
  });

  it('reads what JSON.stringify wrote', () => {
    const value = fc.jsonValue({ maxDepth: 5 });
    fc.assert(
      fc.property(value, (written) => {
        const text = JSON.stringify(written);
        fc.pre(!text.includes('__proto__') && !text.includes('\\u0000') && !/\\ud[89a-f]/i.test(text));
        expect(parse(text)).toEqual(JSON.parse(text));
      }),
      { numRuns: 300 },
    );
  });
});
