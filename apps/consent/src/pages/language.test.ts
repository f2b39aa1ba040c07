import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const folder = new URL('../../locales/', import.meta.url);
const languages = readdirSync(folder).map((file) => file.replace(/\.json$/, ''));

function textsOf(language: string): Record<string, string> {
  return JSON.parse(readFileSync(new URL(`${language}.json`, folder), 'utf8')) as Record<string, string>;
}

/** `key` to its `{parameters}`, sorted; plural forms are one key, since languages have other ones. */
function shapeOf(texts: Readonly<Record<string, string>>): Record<string, readonly string[]> {
  const entries = Object.entries(texts).map(([key, text]): [string, readonly string[]] => [
    key.replace(/\.(zero|one|two|few|many|other)$/, '.<plural>'),
    [...new Set(text.match(/\{\w+\}/g) ?? [])].sort(),
  ]);
  return Object.fromEntries(entries.sort(([one], [other]) => (one < other ? -1 : 1)));
}

describe('the texts of the pages', () => {
  it('are there in four languages', () => {
    expect(languages.sort()).toEqual(['de', 'en', 'es', 'fr']);
  });

  it.each(languages)('have the same keys and parameters as the English ones (%s)', (language) => {
    expect(shapeOf(textsOf(language))).toEqual(shapeOf(textsOf('en')));
  });

  it.each(languages)('are never empty, and have the form of every number that the language knows (%s)', (language) => {
    const texts = textsOf(language);
    expect(Object.entries(texts).filter(([, text]) => text.trim() === '')).toEqual([]);
    const { pluralCategories } = new Intl.PluralRules(language).resolvedOptions();
    const counted = Object.keys(texts)
      .filter((key) => key.endsWith('.other'))
      .map((key) => key.slice(0, -'other'.length));
    expect(counted.length).toBeGreaterThan(0);
    // `many` is for millions in Spanish and French: no count here comes near.
    for (const key of counted)
      for (const form of pluralCategories.filter((category) => category !== 'many'))
        expect(texts).toHaveProperty([`${key}${form}`]);
  });
});
