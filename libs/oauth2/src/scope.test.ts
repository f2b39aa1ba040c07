import { describe, expect, it } from 'vitest';
import { coversScope, coversScopes, formatScope, grantsOfflineAccess, narrowScopes, parseScope } from './scope.js';

describe('a scope parameter', () => {
  it.each([
    [undefined, []],
    ['', []],
    ['   ', []],
    ['openid', ['openid']],
    [' openid  offline openid ', ['openid', 'offline']],
    ['a!#[]~ hydra.keys.*', ['a!#[]~', 'hydra.keys.*']],
    ['__proto__ constructor', ['__proto__', 'constructor']],
  ])('%j is read as %j', (text, scopes) => {
    expect(parseScope(text)).toEqual(scopes);
  });

  it.each(['a\tb', 'a\nb', '"a"', 'a\\b', 'ä', 'a\u200bb', 'ｏpenid', 'a\u0000', 'x'.repeat(4097)])(
    '%j is refused with invalid_scope',
    (text) => {
      expect(() => parseScope(text)).toThrowError(expect.objectContaining({ code: 'invalid_scope', status: 400 }));
    },
  );

  it('travels with single spaces', () => {
    expect(formatScope(['a', 'b'])).toBe('a b');
    expect(formatScope([])).toBe('');
  });
});

describe('a granted scope', () => {
  it.each([
    ['hydra', 'hydra', true],
    ['hydra', 'hydra.keys', true],
    ['hydra', 'hydra.keys.get', true],
    ['hydra.keys', 'hydra.keys.get', true],
    ['hydra.keys', 'hydra', false],
    ['hydra.keys', 'hydra.policies', false],
    ['foo', 'foobar', false],
    ['foo', 'foo2.bar', false],
    ['foo.bar', 'foo.barbaz', false],
    ['Foo', 'foo', false],
    ['*', 'hydra', false],
    ['hydra.*', 'hydra.keys', false],
    ['hydra.*', 'hydra.*', true],
    ['', '', false],
    ['', 'hydra', false],
    ['', '.hydra', false],
    ['.', '.', false],
    ['foo', 'foo.', false],
    ['foo.', 'foo.', false],
    ['foo.', 'foo.bar', false],
    ['.foo', '.foo', false],
    ['foo', 'foo..bar', false],
    ['foo..bar', 'foo..bar', false],
    ['\u212a', 'k', false],
  ])('%j covers %j: %j', (granted, needed, covers) => {
    expect(coversScope(granted, needed)).toBe(covers);
  });

  it('is one of several that together cover all that is needed', () => {
    expect(coversScopes(['a', 'b'], ['a.x', 'b'])).toBe(true);
    expect(coversScopes(['a', 'b'], ['a.x', 'c'])).toBe(false);
    expect(coversScopes([], [])).toBe(true);
    expect(coversScopes([], ['a'])).toBe(false);
  });

  it('may be narrowed, never widened', () => {
    expect(narrowScopes(['a', 'b'], [])).toEqual(['a', 'b']);
    expect(narrowScopes(['a', 'b'], ['a.x'])).toEqual(['a.x']);
    expect(() => narrowScopes(['a.x'], ['a'])).toThrowError(expect.objectContaining({ code: 'invalid_scope' }));
  });

  it('offline and offline_access allow a refresh token, by exact name', () => {
    expect(grantsOfflineAccess(['offline'])).toBe(true);
    expect(grantsOfflineAccess(['openid', 'offline_access'])).toBe(true);
    expect(grantsOfflineAccess(['Offline', 'offline.x', 'openid'])).toBe(false);
  });
});
