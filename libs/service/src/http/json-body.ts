import { HttpError } from './http-error.js';

const MAX_DEPTH = 32;

/** Throws for what is no UTF-8. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function malformed(reason: string): HttpError {
  return new HttpError(400, `The request body is not acceptable JSON: ${reason}`);
}

function readText(bytes: Uint8Array): string {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    throw malformed('it is not UTF-8');
  }
  if (text.startsWith('\ufeff')) throw malformed('it begins with a byte order mark');
  return text;
}

/** The string token that begins at `start`, unescaped, and where it ends. */
function readString(text: string, start: number): { value: string; end: number } {
  let end = start + 1;
  while (end < text.length && text[end] !== '"') end += text[end] === '\\' ? 2 : 1;
  const token = text.slice(start, end + 1);
  const value: unknown = token.includes('\\') ? JSON.parse(token) : token.slice(1, -1);
  return { value: String(value), end: end + 1 };
}

function checkString(value: string): void {
  if (value.includes('\0') || /\p{Surrogate}/u.test(value))
    throw malformed('a string holds characters that are not text');
}

function checkNumber(text: string, start: number): number {
  let end = start + 1;
  while (end < text.length && /[0-9.eE+-]/.test(text.charAt(end))) end += 1;
  if (end - start > 64 || !Number.isFinite(Number(text.slice(start, end)))) throw malformed('a number is out of range');
  return end;
}

/**
 * Walks text that JSON.parse accepts and refuses what it lets pass: nesting beyond 32, a member twice (compared
 * unescaped), `__proto__`, numbers that become infinite, NUL and lone surrogates in strings.
 */
function checkStructure(text: string): void {
  const scopes: (Set<string> | undefined)[] = [];
  let expectsName = false;
  for (let index = 0; index < text.length;) {
    const character = text.charAt(index);
    if (character === '"') {
      const { value, end } = readString(text, index);
      checkString(value);
      const names = scopes.at(-1);
      if (expectsName && names !== undefined) {
        if (names.has(value)) throw malformed('a member is given twice');
        if (value === '__proto__') throw malformed('a member has a reserved name');
        names.add(value);
        expectsName = false;
      }
      index = end;
      continue;
    }
    if (character === '-' || (character >= '0' && character <= '9')) {
      index = checkNumber(text, index);
      continue;
    }
    if (character === '{' || character === '[') {
      scopes.push(character === '{' ? new Set() : undefined);
      expectsName = character === '{';
    } else if (character === '}' || character === ']') {
      scopes.pop();
      expectsName = false;
    } else if (character === ',') {
      expectsName = scopes.at(-1) !== undefined;
    }
    index += 1;
  }
}

/** Refuses deep nesting before anything is built; brackets inside strings do not count. */
function checkDepth(text: string): void {
  let depth = 0;
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charCodeAt(index);
    if (character === 0x22) {
      index += 1;
      while (index < text.length && text.charCodeAt(index) !== 0x22) index += text.charCodeAt(index) === 0x5c ? 2 : 1;
    } else if (character === 0x7b || character === 0x5b) {
      depth += 1;
      if (depth > MAX_DEPTH) throw malformed(`it is nested deeper than ${MAX_DEPTH}`);
    } else if (character === 0x7d || character === 0x5d) {
      depth -= 1;
    }
  }
}

/**
 * The value of a JSON body (RFC 8259) in UTF-8; undefined for an empty one. Members named `constructor` or `prototype`
 * are data like any other.
 * @throws HttpError 400 for anything that two parsers could read differently, or that is nested deeper than 32
 */
export function parseJsonBody(bytes: Uint8Array): unknown {
  if (bytes.byteLength === 0) return undefined;
  const text = readText(bytes);
  checkDepth(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed('it cannot be parsed');
  }
  checkStructure(text);
  return value;
}
