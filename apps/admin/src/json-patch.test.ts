import { describe, expect, it } from 'vitest';

import { applyJsonPatch, JsonPatchError, jsonPatchSchema, type JsonPatch } from './json-patch.js';

type Json = Parameters<typeof applyJsonPatch>[0];

describe('a JSON Patch (RFC 6902 appendix A)', () => {
  const applied: readonly [title: string, document: Json, patch: JsonPatch, result: Json][] = [
    ['A.1 adds a member', { foo: 'bar' }, [{ op: 'add', path: '/baz', value: 'qux' }], { baz: 'qux', foo: 'bar' }],
    [
      'A.2 adds to a list',
      { foo: ['bar', 'baz'] },
      [{ op: 'add', path: '/foo/1', value: 'qux' }],
      { foo: ['bar', 'qux', 'baz'] },
    ],
    ['A.3 removes a member', { baz: 'qux', foo: 'bar' }, [{ op: 'remove', path: '/baz' }], { foo: 'bar' }],
    ['A.4 removes from a list', { foo: [1, 2, 3] }, [{ op: 'remove', path: '/foo/1' }], { foo: [1, 3] }],
    ['A.5 replaces a value', { baz: 'qux' }, [{ op: 'replace', path: '/baz', value: 'boo' }], { baz: 'boo' }],
    [
      'A.6 moves a value',
      { foo: { bar: 'baz', waldo: 'fred' }, qux: {} },
      [{ op: 'move', from: '/foo/waldo', path: '/qux/thud' }],
      { foo: { bar: 'baz' }, qux: { thud: 'fred' } },
    ],
    [
      'A.7 moves within a list',
      { foo: ['all', 'grass', 'cows', 'eat'] },
      [{ op: 'move', from: '/foo/1', path: '/foo/3' }],
      { foo: ['all', 'cows', 'eat', 'grass'] },
    ],
    [
      'A.8 tests',
      { baz: 'qux', foo: ['a', 2] },
      [{ op: 'test', path: '/foo/1', value: 2 }],
      { baz: 'qux', foo: ['a', 2] },
    ],
    ['A.14 unescapes ~0 and ~1', { '/': 9, '~1': 10 }, [{ op: 'test', path: '/~01', value: 10 }], { '/': 9, '~1': 10 }],
    [
      'A.16 adds a list as one value',
      { foo: ['bar'] },
      [{ op: 'add', path: '/foo/-', value: ['x'] }],
      { foo: ['bar', ['x']] },
    ],
    ['copies', { a: { b: 1 } }, [{ op: 'copy', from: '/a', path: '/c' }], { a: { b: 1 }, c: { b: 1 } }],
    ['replaces the whole document', { a: 1 }, [{ op: 'replace', path: '', value: { b: 2 } }], { b: 2 }],
  ];
  it.each(applied)('%s', (_title, document, patch, result) => {
    const before = structuredClone(document);
    expect(applyJsonPatch(document, patch)).toEqual(result);
    expect(document).toEqual(before);
  });

  const refused: readonly [title: string, document: Json, patch: JsonPatch][] = [
    ['A.9 a test that fails', { baz: 'qux' }, [{ op: 'test', path: '/baz', value: 'bar' }]],
    ['A.12 a target whose parent is absent', { foo: 'bar' }, [{ op: 'add', path: '/baz/bat', value: 'qux' }]],
    ['A.15 a number that is text', { '~1': 10 }, [{ op: 'test', path: '/~01', value: '10' }]],
    ['the removal of what is absent', {}, [{ op: 'remove', path: '/a' }]],
    ['the replacement of what is absent', {}, [{ op: 'replace', path: '/a', value: 1 }]],
    ['an index beyond the end', { a: [] }, [{ op: 'add', path: '/a/1', value: 1 }]],
    ['an index with a leading zero', { a: [1, 2] }, [{ op: 'remove', path: '/a/01' }]],
    ['an operation without its value', {}, [{ op: 'add', path: '/a' }]],
    ['a move into itself', { a: { b: {} } }, [{ op: 'move', from: '/a', path: '/a/b/c' }]],
    ['a path without a slash', { a: 1 }, [{ op: 'remove', path: 'a' }]],
    ['an escape that is none', { a: 1 }, [{ op: 'remove', path: '/a~2' }]],
    ['__proto__', {}, [{ op: 'add', path: '/__proto__/x', value: 1 }]],
    ['constructor', {}, [{ op: 'add', path: '/constructor/prototype/x', value: 1 }]],
  ];
  it.each(refused)('refuses %s', (_title, document, patch) => {
    expect(() => applyJsonPatch(document, patch)).toThrow(JsonPatchError);
    expect(Reflect.get({}, 'x')).toBeUndefined();
  });

  it('refuses to let copies double a document without end', () => {
    const patch: JsonPatch = Array.from({ length: 40 }, (_, index) => ({ op: 'copy', from: '', path: `/${index}` }));
    expect(() => applyJsonPatch({ a: 'x'.repeat(100) }, patch)).toThrow('the document becomes too long');
  });

  it('has at most 100 operations, each with a name that is known', () => {
    const one = { op: 'remove', path: '/a' };
    expect(jsonPatchSchema.safeParse(Array.from({ length: 101 }, () => one)).success).toBe(false);
    expect(jsonPatchSchema.safeParse([{ op: 'merge', path: '/a' }]).success).toBe(false);
  });
});
