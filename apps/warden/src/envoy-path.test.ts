import { describe, expect, it } from 'vitest';
import { misleadingHeaders, nameOfHttpRequest } from './envoy-path.js';

function pathOf(path: string): string | undefined {
  return nameOfHttpRequest('h', path)?.path;
}

describe('the name of a path', () => {
  it.each([
    ['/', '/'],
    ['/a/b', '/a/b'],
    ['/a/', '/a/'],
    ['/%61dmin', '/admin'],
    ['/%41%5f%7E', '/A_~'],
    ['/users/a%40b.example', '/users/a@b.example'],
    ['/a%3Ab', '/a:b'],
    ['/a%2cb', '/a,b'],
    ['/%c3%a9', '/%C3%A9'],
    ['/a%20b', '/a%20b'],
    ['/a%22%3c', '/a%22%3C'],
    ['/.well-known/x', '/.well-known/x'],
    ['/a.b/..c/d..', '/a.b/..c/d..'],
  ])('of %s is %s', (path, name) => {
    expect(pathOf(path)).toBe(name);
  });

  it.each([
    '',
    '*',
    'a',
    'http://h/a',
    '//',
    '//a',
    '/a//b',
    '/./a',
    '/a/./b',
    '/a/../b',
    '/a/..',
    '/.',
    '/..',
    '/%2e%2e/b',
    '/%2E./b',
    '/.%2e/b',
    '/a%2fb',
    '/a%2Fb',
    '/%252e%252e/b',
    '/a%252fb',
    '/a%25',
    '/a\\b',
    '/a%5cb',
    '/a;b',
    '/a;jsessionid=1/b',
    '/a%3bb',
    '/..;/b',
    '/a%00',
    '/a%0d%0ab',
    '/a%09',
    '/a%7f',
    '/a\tb',
    '/a b',
    '/a\nb',
    '/\u00e9',
    '/\uff0fa',
    '/a%',
    '/a%2',
    '/a%zz',
    '/a%u002f',
  ])('is none of %j', (path) => {
    expect(pathOf(path)).toBeUndefined();
  });

  it('is the same for every spelling, of a thousand', () => {
    const plain = "/orders/A-z_~!$&'()*+,=:@/9";
    for (let turn = 0; turn < 1000; turn++) {
      const spelt = [...plain].map((character, index) => {
        if (character === '/' || (turn + index * 7) % 3 !== 0) return character;
        const hex = character.charCodeAt(0).toString(16);
        return `%${turn % 2 === 0 ? hex : hex.toUpperCase()}`;
      });
      expect(pathOf(spelt.join(''))).toBe(plain);
    }
  });
});

describe('the name of a host', () => {
  it.each([
    ['Api.Example', 'api.example'],
    ['api.example.', 'api.example'],
    ['api.example:443', 'api.example'],
    ['api.example.:80', 'api.example'],
    ['api.example:8443', 'api.example:8443'],
    ['api.example.:8443', 'api.example:8443'],
    ['[2001:DB8::1]:443', '[2001:db8::1]'],
    ['10.0.0.1', '10.0.0.1'],
    ['', ''],
  ])('of %s is %s', (host, name) => {
    expect(nameOfHttpRequest(host, '/')?.host).toBe(name);
  });

  // The resource is `http:<host>:<path>`: none of these may begin with another host's.
  it.each([
    'api.example:/public',
    'api.example/public',
    'api.example:80:/x',
    'api.example:80:80',
    'user@api.example',
    'api.example:port',
    'api.example?x',
    'api.example#x',
    'api%2eexample',
    'a b',
    'a,b',
    'api.example\n',
    '\u00e4pi.example',
    '[::1',
    '<.*>',
  ])('is none of %j', (host) => {
    expect(nameOfHttpRequest(host, '/')).toBeUndefined();
  });
});

describe('headers that mislead', () => {
  it('are those that make another request of it, and those that are ours in another spelling', () => {
    const names = [
      'accept',
      'x-http-method-override',
      'X-Original-URL',
      'x_rewrite_url',
      'x_castellan_subject',
      'x-castellan_subject',
      'x-castellan-subject',
      'x_other',
    ];
    expect(misleadingHeaders(names, ['x-castellan-subject'])).toEqual([
      'x-http-method-override',
      'X-Original-URL',
      'x_rewrite_url',
      'x_castellan_subject',
      'x-castellan_subject',
    ]);
  });
});
