import { describe, expect, it } from 'vitest';
import { OAuth2Error } from './errors.js';
import { parseParameters, requireParameter } from './parameters.js';

function list(...pairs: [string, string][]) {
  return pairs.map(([name, value]) => ({ name, value }));
}

describe('parameters', () => {
  it('are read by name; an empty value counts as absent', () => {
    const parameters = parseParameters(list(['grant_type', 'x'], ['scope', ''], ['__proto__', 'data']));
    expect([...parameters]).toEqual([
      ['grant_type', 'x'],
      ['__proto__', 'data'],
    ]);
    expect(parameters.get('constructor')).toBeUndefined();
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it('keep nested names as they are written', () => {
    expect(parseParameters(list(['a[b]', '1'], ['a.b', '2'], ['a[]', '3'])).size).toBe(3);
  });

  const refused: [string, [string, string][]][] = [
    [
      'repeated with the same value',
      [
        ['a', '1'],
        ['a', '1'],
      ],
    ],
    [
      'repeated with another value',
      [
        ['a', '1'],
        ['a', '2'],
      ],
    ],
    [
      'repeated, once empty',
      [
        ['a', ''],
        ['a', '2'],
      ],
    ],
    ['with NUL', [['a', 'x\u0000y']]],
    ['with a line break', [['a', 'x\ny']]],
    ['with a tab in its name', [['a\tb', 'x']]],
    ['with DEL', [['a', '\u007f']]],
    ['with a C1 control', [['a', '\u0085']]],
    ['with a lone surrogate', [['a', '\ud800']]],
    ['that was not valid UTF-8', [['a', '\ufffd']]],
    ['that is very long', [['a', 'x'.repeat(16 * 1024 + 1)]]],
    ['with a very long name', [['a'.repeat(129), 'x']]],
    ['by the hundred', Array.from({ length: 101 }, (_, index): [string, string] => [`p${index}`, 'x'])],
    [
      'that are too long together',
      Array.from({ length: 5 }, (_, index): [string, string] => [`p${index}`, 'x'.repeat(16_000)]),
    ],
  ];
  it.each(refused)('%s are refused with invalid_request', (_, pairs) => {
    expect(() => parseParameters(list(...pairs))).toThrowError(
      expect.objectContaining({ code: 'invalid_request', status: 400 }),
    );
  });

  it('that must be there are named when they are missing', () => {
    expect(() => requireParameter(new Map(), 'code')).toThrowError(OAuth2Error);
    expect(() => requireParameter(new Map(), 'code')).toThrowError(/code is missing/);
  });
});
