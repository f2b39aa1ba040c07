import { readdirSync, readFileSync } from 'node:fs';
import { escapeHtml } from './escape-html.js';

/** The texts of one language. */
export type Translator = {
  /** BCP 47 tag, for `lang`. */
  readonly language: string;
  has(key: string): boolean;
  /** The text of a key with its `{parameters}` filled in; templates escape it. An unknown key is shown as it is. */
  t(key: string, parameters?: Readonly<Record<string, string>>): string;
  /** The same as markup: escaped, with the parameters emphasized. */
  rich(key: string, parameters: Readonly<Record<string, string>>): string;
  /** The form of a text that this language uses for this number (`<key>.one`, `<key>.other`, ...), as `{count}`. */
  count(key: string, count: number): string;
  /** A moment in this language; times are UTC, since the server does not know better. */
  moment(at: Date): string;
};

/** The languages that the app speaks: one JSON file each, a flat list of texts. */
export type Languages = {
  /** The translator of the first wanted language that there is (RFC 4647 section 3.4), else English. */
  choose(wanted: readonly string[]): Translator;
};

const FOLDER = new URL('../../locales/', import.meta.url);
const STANDARD = 'en';

/** Reads every file of `locales/`. */
export function loadLanguages(): Languages {
  const translators = new Map<string, Translator>();
  for (const file of readdirSync(FOLDER).filter((name) => name.endsWith('.json'))) {
    const language = file.slice(0, -'.json'.length);
    const texts = JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as Record<string, string>;
    translators.set(language.toLowerCase(), translator(language, texts));
  }
  const standard = translators.get(STANDARD);
  if (standard === undefined) throw new Error('locales/en.json is missing');
  return {
    choose(wanted) {
      for (const range of wanted) {
        for (let tag = range.toLowerCase(); tag !== ''; tag = shorten(tag)) {
          const found = translators.get(tag);
          if (found !== undefined) return found;
        }
      }
      return standard;
    },
  };
}

/** The languages of an Accept-Language header, the preferred one first (RFC 9110 section 12.5.4). */
export function acceptedLanguages(header: string | undefined): readonly string[] {
  const ranges = (header ?? '').slice(0, 1000).split(',');
  return ranges
    .map((range) => {
      const [tag = '', ...parameters] = range.trim().split(';');
      const quality = parameters.map((each) => /^\s*q=([\d.]+)\s*$/.exec(each)?.[1]).find((each) => each !== undefined);
      return { tag: tag.trim(), quality: quality === undefined ? 1 : Number(quality) };
    })
    .filter(({ tag, quality }) => /^[A-Za-z]{1,8}(-[A-Za-z\d]{1,8})*$/.test(tag) && quality > 0)
    .sort((one, other) => other.quality - one.quality)
    .map(({ tag }) => tag);
}

/** Lookup drops the last subtag, and a single letter before it. */
function shorten(tag: string): string {
  const parts = tag.split('-').slice(0, -1);
  if (parts.at(-1)?.length === 1) parts.pop();
  return parts.join('-');
}

function translator(language: string, texts: Readonly<Record<string, string>>): Translator {
  const plurals = new Intl.PluralRules(language);
  const moments = new Intl.DateTimeFormat(language, {
    dateStyle: 'long',
    timeStyle: 'short',
    timeZone: 'UTC',
  });
  const textOf = (key: string): string => (Object.hasOwn(texts, key) ? (texts[key] ?? key) : key);
  const fill = (text: string, parameters: Readonly<Record<string, string>>): string =>
    text.replace(/\{(\w+)\}/g, (whole, name: string) =>
      Object.hasOwn(parameters, name) ? (parameters[name] ?? whole) : whole,
    );
  return {
    language,
    has: (key) => Object.hasOwn(texts, key),
    t: (key, parameters = {}) => fill(textOf(key), parameters),
    rich(key, parameters) {
      const marked = Object.entries(parameters).map(([name, value]) => [name, `<strong>${escapeHtml(value)}</strong>`]);
      return fill(escapeHtml(textOf(key)), Object.fromEntries(marked) as Record<string, string>);
    },
    count: (key, count) => fill(textOf(`${key}.${plurals.select(count)}`), { count: String(count) }),
    moment: (at) => `${moments.format(at)} UTC`,
  };
}
