/** Characters that a run is made of: all but one, or some of ASCII. */
export type CharacterClass =
  | { readonly kind: 'all-but'; readonly excluded: string; readonly unit: number }
  /** 1 at the code of each character. */
  | { readonly kind: 'some'; readonly codes: Uint8Array };

/** Inside a class these mean something, or might. */
const meta = new Set('\\^[]-&');

/** The classes that have a name, as they are written out. RE2 knows them in ASCII only. */
const named: ReadonlyMap<string, string> = new Map([
  ['\\d', '[0-9]'],
  ['\\w', '[0-9A-Za-z_]'],
]);

/**
 * Reads `.`, `[^c]`, `\d`, `\w`, or a class of ASCII letters, digits and underscores with ranges between two of them;
 * undefined for any other.
 */
export function readClass(source: string): CharacterClass | undefined {
  if (source === '.') return allBut('\n');
  const text = named.get(source) ?? source;
  if (!text.startsWith('[') || !text.endsWith(']')) return undefined;
  return text.startsWith('[^') ? readExcluded(text.slice(2, -1)) : readSome(text.slice(1, -1));
}

/** Whether a class holds a character, given by its UTF-16 unit. */
export function holds(characters: CharacterClass, unit: number): boolean {
  if (characters.kind === 'all-but') return unit !== characters.unit;
  return characters.codes[unit] === 1;
}

/** Where the characters of a class that stand from a place on end. */
export function endOfRun(characters: CharacterClass, value: string, from: number): number {
  if (characters.kind === 'all-but') {
    const end = value.indexOf(characters.excluded, from);
    return end < 0 ? value.length : end;
  }
  const { codes } = characters;
  let end = from;
  while (end < value.length && codes[value.charCodeAt(end)] === 1) end++;
  return end;
}

function readExcluded(text: string): CharacterClass | undefined {
  const unit = text.charCodeAt(0);
  if (text.length !== 1 || meta.has(text) || (unit >= 0xd800 && unit <= 0xdfff)) return undefined;
  return allBut(text);
}

function allBut(excluded: string): CharacterClass {
  return { kind: 'all-but', excluded, unit: excluded.charCodeAt(0) };
}

function readSome(text: string): CharacterClass | undefined {
  if (text === '') return undefined;
  const codes = new Uint8Array(128);
  for (let i = 0; i < text.length; i++) {
    const from = text.charCodeAt(i);
    const isRange = text[i + 1] === '-';
    if (isRange) i += 2;
    const to = text.charCodeAt(i);
    // A range that runs backwards is the engine's to refuse.
    if (!isWordCharacter(from) || !isWordCharacter(to) || to < from) return undefined;
    codes.fill(1, from, to + 1);
  }
  return { kind: 'some', codes };
}

function isWordCharacter(code: number): boolean {
  return (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || code === 95 || (code >= 97 && code <= 122);
}
