import type { JsonObject, JsonValue } from '@castellan/policy';

/**
 * Encodes values one after the other so that different lists of values never share an encoding: each value carries its
 * type, and each text, list and object its length. The order of an object's members does not matter.
 */
export function encodeCanonically(values: readonly JsonValue[]): Buffer {
  const chunks: Buffer[] = [];
  for (const value of values) push(value, chunks);
  return Buffer.concat(chunks);
}

function push(value: JsonValue, chunks: Buffer[]): void {
  if (value === null) chunks.push(tag('n'));
  else if (typeof value === 'boolean') chunks.push(tag(value ? 't' : 'f'));
  else if (typeof value === 'number') chunks.push(encodeNumber(value));
  else if (typeof value === 'string') pushText(value, chunks);
  else if (Array.isArray(value)) pushList(value as readonly JsonValue[], chunks);
  else pushObject(value as JsonObject, chunks);
}

function pushText(text: string, chunks: Buffer[]): void {
  // UTF-16 keeps every text apart; in UTF-8 all lone surrogates would become one character.
  const bytes = Buffer.from(text, 'utf16le');
  chunks.push(tag('s', bytes.length), bytes);
}

function pushList(list: readonly JsonValue[], chunks: Buffer[]): void {
  chunks.push(tag('l', list.length));
  for (const element of list) push(element, chunks);
}

function pushObject(object: JsonObject, chunks: Buffer[]): void {
  const names = Object.keys(object).sort();
  chunks.push(tag('o', names.length));
  for (const name of names) {
    pushText(name, chunks);
    push(object[name] ?? null, chunks);
  }
}

/** All 64 bits, so that 0 and -0 stay apart. */
function encodeNumber(value: number): Buffer {
  const bytes = Buffer.alloc(9);
  bytes.write('d', 0, 'latin1');
  bytes.writeDoubleBE(value, 1);
  return bytes;
}

function tag(letter: string, length?: number): Buffer {
  if (length === undefined) return Buffer.from(letter, 'latin1');
  const bytes = Buffer.alloc(5);
  bytes.write(letter, 0, 'latin1');
  bytes.writeUInt32BE(length, 1);
  return bytes;
}
