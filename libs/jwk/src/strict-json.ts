/** JSON that is malformed, names a member twice, or nests too deeply. */
export class StrictJsonError extends Error {
  override name = 'StrictJsonError';
}

const MAX_DEPTH = 16;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Parses one JSON object out of untrusted text or UTF-8 bytes. Refuses members named twice, which two parsers may read
 * differently (RFC 8725 section 2.4, RFC 7515 section 4), and nesting deeper than 16, before any recursive parser sees it.
 * Throws StrictJsonError; its message repeats nothing of the input.
 */
export function parseStrictObject(input: string | Uint8Array): Readonly<Record<string, unknown>> {
  const text = typeof input === 'string' ? input : decodeUtf8(input);
  refuseDuplicatesAndDepth(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new StrictJsonError('not JSON');
  }
  if (!isObject(value)) throw new StrictJsonError('not a JSON object');
  return value;
}

/** True for a JSON object: neither null nor an array. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new StrictJsonError('not UTF-8');
  }
}

// One pass over the tokens that matter. It accepts more than JSON; JSON.parse, which follows, does not.
function refuseDuplicatesAndDepth(text: string): void {
  const open: (Set<string> | undefined)[] = [];
  for (let index = 0; index < text.length; index++) {
    const character = text[index];
    if (character === '{') open.push(new Set());
    else if (character === '[') open.push(undefined);
    else if (character === '}' || character === ']') open.pop();
    else if (character === '"') {
      const end = endOfString(text, index);
      const names = open.at(-1);
      if (names !== undefined && isMemberName(text, end)) addName(names, text.slice(index, end + 1));
      index = end;
    }
    if (open.length > MAX_DEPTH) throw new StrictJsonError('nested too deeply');
  }
}

function endOfString(text: string, start: number): number {
  for (let index = start + 1; index < text.length; index++) {
    if (text[index] === '\\') index++;
    else if (text[index] === '"') return index;
  }
  throw new StrictJsonError('not JSON');
}

function isMemberName(text: string, end: number): boolean {
  let index = end + 1;
  while (index < text.length && ' \t\r\n'.includes(text.charAt(index))) index++;
  return text[index] === ':';
}

// The name is compared as it is meant, so `a` and `\u0061` are the same.
function addName(names: Set<string>, token: string): void {
  let name: string;
  try {
    name = JSON.parse(token) as string;
  } catch {
    throw new StrictJsonError('not JSON');
  }
  if (names.has(name)) throw new StrictJsonError('a member is named twice');
  names.add(name);
}
