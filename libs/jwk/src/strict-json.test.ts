import { describe, expect, it } from 'vitest';
import { parseStrictObject, StrictJsonError } from './strict-json.js';

describe('strict JSON object', () => {
  it('is read like JSON', () => {
    const text = ' {"a":[1,{"b":"x\\"}{,"}],"c":{"a":null},"d":"\\u0026"} ';
    expect(parseStrictObject(text)).toEqual(JSON.parse(text));
    expect(parseStrictObject(Buffer.from(text))).toEqual(JSON.parse(text));
  });

  it.each([
    ['a member named twice', '{"a":1,"a":2}'],
    ['a member named twice by an escape', '{"a":1,"\\u0061":2}'],
    ['a member named twice with white space', '{"a":1, "a" :2}'],
    ['a member named twice inside', '{"x":[{"a":1,"b":{},"a":2}]}'],
    ['an array', '[]'],
    ['null', 'null'],
    ['a text', '"{}"'],
    ['nothing', ''],
    ['an unfinished text', '{"a":"'],
    ['a broken escape', '{"\\x":1}'],
    ['a byte order mark', '\ufeff{}'],
    ['two objects', '{}{}'],
    ['depth 17', `{"a":${'['.repeat(16)}${']'.repeat(16)}}`],
    ['depth 100000', '['.repeat(100_000)],
  ])('refuses %s', (_name, text) => {
    expect(() => parseStrictObject(text)).toThrow(StrictJsonError);
  });

  it('refuses bytes that are not UTF-8', () => {
    expect(() => parseStrictObject(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))).toThrow(StrictJsonError);
  });

  it('takes depth 16, and equal names in different objects', () => {
    expect(() => parseStrictObject(`{"a":${'['.repeat(15)}${']'.repeat(15)}}`)).not.toThrow();
    expect(() => parseStrictObject('{"a":{"a":1},"b":["a","a"]}')).not.toThrow();
  });

  it('takes names of the prototype as plain data', () => {
    const value = parseStrictObject('{"__proto__":{"polluted":true},"constructor":1,"toString":2}');
    expect(Object.keys(value)).toEqual(['__proto__', 'constructor', 'toString']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  });
});
