import { describe, expect, it } from 'vitest';
import { parseCsv } from './csv.js';

describe('a list flag', () => {
  it.each([
    ['', []],
    ['a', ['a']],
    ['a,b', ['a', 'b']],
    ['a,', ['a', '']],
    [',', ['', '']],
    ['"<a{1,3}>"', ['<a{1,3}>']],
    ['"<a{1,3}>",b', ['<a{1,3}>', 'b']],
    ['"say ""hi""",b', ['say "hi"', 'b']],
    ['rn:hydra:keys:hydra.consent.<.*>', ['rn:hydra:keys:hydra.consent.<.*>']],
    [' a , b ', [' a ', ' b ']],
  ])('reads %j', (line, fields) => {
    expect(parseCsv(line)).toEqual(fields);
  });

  it.each(['a"b', '"a', '"a"b'])('refuses %j', (line) => {
    expect(() => parseCsv(line)).toThrow(/"/);
  });
});
