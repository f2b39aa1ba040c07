import fc from 'fast-check';
import { RE2JS } from 're2js';
import { describe, expect, it } from 'vitest';
import { compileAnchored } from './expression.js';
import { compileTemplate } from './template.js';
import { parseTemplate, TemplateError } from './template-syntax.js';
import { seed } from './testing/seed.js';

describe('a template', () => {
  it.each([
    // literal text stands for itself, whatever it means in an expression
    { template: 'users:.*', value: 'users:.*', matches: true },
    { template: 'users:.*', value: 'users:peter', matches: false },
    { template: 'a+b', value: 'aab', matches: false },
    { template: '(x)', value: 'x', matches: false },
    { template: '^x$', value: 'x', matches: false },
    { template: '^x$', value: '^x$', matches: true },
    { template: 'a|b', value: 'a', matches: false },
    { template: 'a.c:<b|d>', value: 'abc:b', matches: false },
    { template: '\\d:<(?i)x>', value: '5:x', matches: false },
    { template: '\\d:<(?i)x>', value: '\\d:X', matches: true },
    // the whole value matches, or nothing does
    { template: 'users', value: 'users:peter', matches: false },
    { template: '<user>', value: 'users', matches: false },
    { template: 'rn:hydra:keys:hydra.consent.<.*>', value: 'rn:hydra:keys:hydra.consent.challenge', matches: true },
    { template: 'rn:hydra:keys:hydra.consent.<.*>', value: 'rn:hydra:keys:hydraXconsent.challenge', matches: false },
    { template: 'rn:hydra:keys:<[^:]+>:public', value: 'rn:hydra:keys:a:public', matches: true },
    { template: 'rn:hydra:keys:<[^:]+>:public', value: 'rn:hydra:keys:a:b:public', matches: false },
    { template: 'rn:hydra:keys:<[^:]+>:public', value: 'rn:hydra:keys::public', matches: false },
    { template: '<.*>', value: '', matches: true },
    { template: '<.+>', value: '', matches: false },
    { template: 'a<.*>b<.*>c', value: 'abbbc', matches: true },
    { template: 'a<.*>b<.*>c', value: 'acb', matches: false },
    { template: '<peter|ken>', value: 'ken', matches: true },
    { template: '<(peter|ken)>', value: 'peter', matches: true },
    { template: '<peter|ken>', value: 'peterken', matches: false },
    { template: '<[peter|ken]>', value: 'peter', matches: false },
    { template: '<[peter|ken]>', value: 'p', matches: true },
    // newlines, as in Go: `.` excludes the line feed alone, and `$` is the end of the text
    { template: 'peter<.*>', value: 'peter\nx', matches: false },
    { template: 'peter<.*>', value: 'peter\r\u2028x', matches: true },
    { template: '<a$>', value: 'a\n', matches: false },
    { template: 'x', value: 'x\n', matches: false },
    { template: '<[^:]+>', value: 'a\nb', matches: true },
    { template: '<(?s).*>', value: 'a\nb', matches: true },
    { template: '<(?m)^a$>', value: 'a\nb', matches: false },
    // RE2 syntax that JavaScript has not, or reads otherwise
    { template: '<[[:alpha:]]+>', value: 'abc', matches: true },
    { template: '<a\\z>', value: 'a', matches: true },
    { template: '<\\pL+>', value: 'äß', matches: true },
    { template: '<\\d+>', value: '\u0663', matches: false },
    { template: '<\\Qa.b\\E>', value: 'a.b', matches: true },
    { template: 'x<(?P<name>[0-9]+)>y', value: 'x42y', matches: true },
    { template: '<<b>>', value: '<b>', matches: true },
    { template: '<(?U)a+>', value: 'aaa', matches: true },
    // case matters unless the expression says otherwise, and then Unicode folds simply
    { template: '<peter>', value: 'Peter', matches: false },
    { template: '<(?i)k>', value: '\u212a', matches: true },
    { template: '<(?i)s>', value: 'ſ', matches: true },
    { template: '<(?i)i>', value: 'ı', matches: false },
    { template: '<(?i)i>', value: 'İ', matches: false },
    // code points are never split
    { template: '<.>', value: '\u{1f600}', matches: true },
    { template: '<.+><.+>', value: '\u{1f600}', matches: false },
    { template: '<.+>b<.*>', value: '\u{1f600}b', matches: true },
  ])('$template against $value: $matches', ({ template, value, matches }) => {
    expect(compileTemplate(template).matches(value)).toBe(matches);
  });

  it.each([
    ['peter', 'exact'],
    ['rn:<.*>', 'segments'],
    ['<.*>', 'segments'],
    ['<a|b>:<[^:]+>:<.+>', 'segments'],
    ['<[0-9]{4,8}>', 'segments'],
    ['a<\\d{2,}>:<\\w*>', 'segments'],
    // where it ends is not known, and how long it is must be counted
    ['<[0-9]{2}><.*>', 'expression'],
    ['<.{2}>', 'expression'],
    ['<[[:alpha:]]+>', 'expression'],
    ['<[+-z]+>', 'expression'],
    ['<(a|b)>', 'expression'],
    ['<[^\\]]+>', 'expression'],
    ['<a||b>', 'expression'],
  ])('%s runs as %s', (template, kind) => {
    expect(compileTemplate(template).kind).toBe(kind);
  });

  it.each([
    ['', 0],
    ['<a', 0],
    ['ab<cd', 2],
    ['a>', 1],
    ['<a>>', 3],
    ['<<.*>', 0],
    ['<>', 0],
    ['a<>', 1],
    ['<a<>b>', 2],
    ['\\<', 1],
    ['x<(a)\\1>', 5],
    ['<(?=a)b>', 1],
    ['<b(?!a)>', 2],
    ['<(?P<n>a)>:<(?P<n>b)>', 12],
    ['<(?<=a)b>', 0],
    ['<(?<=a)b>>', 1],
    ['<a)|(b>', 1],
    ['<\\Qa>b', 1],
    ['<x{1000}{1000}>', 2],
    ['<(x{30}){100}>', 8],
    ['<((x{10}){10}){9}x{200}>', 1],
    ['<x{1001}>', 2],
    ['<a**>', 2],
    ['<[b-a]>', 2],
    ['<[a-b]{2,1}>', 6],
    ['<[a>', 1],
    ['<\\C>', 1],
    ['a\0b', 1],
    ['ab\ud800', 2],
    [`<${'(a|b)'.repeat(300)}>`, 1024],
    ['x'.repeat(1025), 1024],
    [`<${'('.repeat(600)}${')'.repeat(600)}>`, 1024],
  ])('%j is refused', (template, position) => {
    let error: unknown;
    try {
      compileTemplate(template);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(TemplateError);
    expect(error).toMatchObject({ position, message: expect.stringContaining(`at position ${position}`) });
  });

  it.each(['<(a+)+>', '<(a|a)*b>', '<(.*a){25}>', '<([a-zA-Z]+)*>', '<.*>a<.*>a<.*>a<.*>b'])(
    '%s takes no more than linear time',
    (text) => {
      const template = compileTemplate(text);
      function cost(length: number): number {
        const value = `${'a'.repeat(length)}!`;
        const times = Array.from({ length: 5 }, () => {
          // CPU time: how long others keep the machine busy says nothing of the template.
          const start = process.cpuUsage();
          template.matches(value);
          return process.cpuUsage(start).user / 1000;
        });
        return Math.min(...times);
      }
      cost(1000);
      expect(cost(100_000)).toBeLessThan(400 * Math.max(cost(1000), 0.05));
    },
  );
});

const characters = ['a', 'b', '1', ':', '.', '\n', '|', '(', '\u{1f600}', 'ß'];
const literal = fc.string({ unit: fc.constantFrom(...characters), maxLength: 3 });
const expression = fc.constantFrom(
  '.*',
  '.+',
  '[^:]+',
  '[^a]*',
  '[^.]+',
  '[^\n]*',
  'a',
  'a|b',
  'ab|b|:',
  'a\n|b',
  '[ab]+',
  '[a-b]{1,2}',
  '[a_1]{0}',
  '\\d{2,}',
  '\\w*',
  '[a-z1]',
  '\\d{0,3}',
);
const templateText = fc
  .array(
    fc.oneof(
      literal,
      expression.map((source) => `<${source}>`),
    ),
    { minLength: 1, maxLength: 5 },
  )
  .map((parts) => parts.join(''))
  .filter((text) => text !== '');
const value = fc.string({ unit: fc.constantFrom(...characters), maxLength: 8 });

describe(`our own matcher (seed ${seed})`, () => {
  it('answers as RE2 does on random templates and values', () => {
    let matched = 0;
    let own = 0;
    fc.assert(
      fc.property(templateText, fc.array(value, { minLength: 1, maxLength: 8 }), (text, values) => {
        const template = compileTemplate(text);
        const parts = parseTemplate(text);
        const { matches: anchored } = compileAnchored(parts);
        // The engine's fast path is asked too: it must agree with its own slow one.
        const slow = RE2JS.compile(
          parts.map((part) => (part.kind === 'literal' ? RE2JS.quote(part.text) : `(?:${part.source})`)).join(''),
        );
        for (const candidate of values) {
          const expected = slow.matcher(candidate).matches();
          expect(anchored(candidate)).toBe(expected);
          expect(template.matches(candidate)).toBe(expected);
          if (expected) matched++;
          if (template.kind !== 'expression') own++;
        }
      }),
      { seed, numRuns: 4000 },
    );
    expect(own).toBeGreaterThan(1000);
    expect(matched).toBeGreaterThan(500);
  });
});
