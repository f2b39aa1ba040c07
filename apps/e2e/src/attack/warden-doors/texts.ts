import { describe, expect, it } from 'vitest';
import type { Doors } from './doors.js';

/** Expressions and names that somebody may read as others. */
export function attackWithTexts({ nextAction, withPolicy, decisions }: Doors): void {
  describe('expressions', () => {
    it.each<[string, string, boolean]>([
      ['(?i)PETER', 'peter', true],
      ['(?i)k', '\u212a', true],
      ['(?i)s', '\u017f', true],
      ['(?i)i', '\u0130', false],
      ['(?-i)A', 'a', false],
      ['a(?i)b', 'AB', false],
      ['(?s).+', 'a\nb', true],
      ['.+', 'a\nb', false],
      ['(?m)^a$', 'a\nb', false],
      ['(?U)a+', 'aa', true],
      ['[[:alpha:]]+', 'a\u00e9', false],
      ['[[:^digit:]]', '\u0663', true],
      ['\\d+', '\u0663', false],
      ['\\pL+', 'a\u00e9\u4e2d', true],
      ['\\p{Greek}', '\u03c3', true],
      ['\\P{Greek}', '\u03c3', false],
      ['a\\z', 'a', true],
      ['a\\z', 'a\n', false],
      ['a$', 'a\n', false],
      ['(?P<n>a)b', 'ab', true],
      ['\\Qa.b\\E', 'axb', false],
      ['\\x{1F600}', '\u{1f600}', true],
      ['.', '\u{1f600}', true],
      ['\\bpeter\\b', 'peter', true],
    ])('WP-10: <%s> and %j: %s, as in Go', async (expression, subject, expected) => {
      const { action } = await withPolicy({ subjects: [`<${expression}>`] });
      expect(await decisions({ subject, resource: 'r', action })).toEqual(Array(3).fill(expected));
    });
  });

  describe('names', () => {
    it.each([
      ['caf\u00e9', 'cafe\u0301'],
      ['cafe\u0301', 'caf\u00e9'],
      ['admin', '\uff41\uff44\uff4d\uff49\uff4e'],
      ['admin', 'adm\u0131n'],
      ['admin', '\u0430dmin'],
      ['admin', 'admin\u200b'],
      ['admin', '\ufeffadmin'],
      ['admin', '\u202eadmin'],
      ['\ufb01le', 'file'],
      ['a/b', 'a%2Fb'],
      ['a/b', 'a//b'],
      ['a/b', './a/b'],
      ['\u2126', '\u03a9'],
      ['x', 'x\u0000'],
      ['\ud55c', '\u1112\u1161\u11ab'],
    ])('WP-09: %j is not %j, as a resource, a subject or an action', async (stored, asked) => {
      const { action } = await withPolicy({ subjects: [stored], resources: [stored], actions: [nextAction(), stored] });
      const own = { subject: stored, resource: stored, action };
      expect(await decisions(own)).toEqual([true, true, true]);
      for (const change of [{ resource: asked }, { subject: asked }]) {
        expect(await decisions({ ...own, ...change })).toEqual([false, false, false]);
      }
      expect(await decisions({ ...own, action: asked })).toEqual([false, false, false]);
    });
  });
}
