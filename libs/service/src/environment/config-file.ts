import { readFileSync } from 'node:fs';
import { isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import { ConfigError } from '../config.js';
import { meantVariable } from './unknown-variables.js';
import type { Variables } from './program-variables.js';

const MAX_BYTES = 1024 * 1024;
const MAX_DEPTH = 8;

/** A setting of a file: the variable that it stands for, and where it is written. */
type Setting = { readonly name: string; readonly text: string; readonly offset: number };

/** Why a place of the file cannot be used. */
type Complaint = { readonly what: string; readonly offset: number };

/**
 * Reads a YAML file of settings as the variables that they stand for. Keys are the names of variables in any case;
 * nested ones are joined (`token: { database_url: ... }` is TOKEN_DATABASE_URL). A list stands for its values with
 * commas. No value is named in an error.
 * @throws ConfigError with every unknown or doubled key and its line, or when the file is no such YAML
 */
export function readConfigFile(path: string, variables: Variables): Readonly<Record<string, string>> {
  const lines = new LineCounter();
  const document = parseDocument(readText(path), { lineCounter: lines, prettyErrors: false });
  const settings: Setting[] = [];
  // The messages of the parser quote the file, which may hold secrets.
  const complaints: Complaint[] = document.errors.map(({ code, pos }) => ({
    what: `is no YAML (${code.toLowerCase().replaceAll('_', ' ')})`,
    offset: pos[0],
  }));
  if (complaints.length === 0 && document.contents !== null) {
    if (isMap(document.contents)) collect(document.contents, [], settings, complaints);
    else complaints.push({ what: 'must be a map of settings', offset: 0 });
  }
  const values: Record<string, string> = {};
  for (const { name, text, offset } of settings) {
    if (name === 'CASTELLAN_CONFIG' || !(name in variables))
      complaints.push({ what: unknownKey(name, variables), offset });
    else if (name in values) complaints.push({ what: `${name} is set twice`, offset });
    else values[name] = text;
  }
  if (complaints.length === 0) return values;
  throw new ConfigError(complaints.map(({ what, offset }) => `${path}:${lines.linePos(offset).line}: ${what}`));
}

function readText(path: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown reason';
    throw new ConfigError(`${path}: the configuration file cannot be read (${code})`);
  }
  if (bytes.length > MAX_BYTES) throw new ConfigError(`${path}: the configuration file is larger than 1 MiB`);
  return bytes.toString('utf8');
}

function unknownKey(name: string, variables: Variables): string {
  const meant = meantVariable(name, Object.keys(variables));
  return `${name} is not known${meant === undefined ? '' : `; did you mean ${meant}?`}`;
}

/** Walks through maps down to texts and lists of them; `words` are the keys on the way. */
function collect(node: unknown, words: readonly string[], settings: Setting[], complaints: Complaint[]): void {
  const offset = offsetOf(node);
  const name = words.join('_');
  if (node === null) return;
  if (isMap(node) && words.length < MAX_DEPTH) {
    for (const { key, value } of node.items) {
      const word = isScalar(key) ? String(key.value) : '';
      if (!/^[A-Za-z][A-Za-z0-9_-]*$/.test(word)) complaints.push({ what: 'a key is no name of a setting', offset });
      else collect(value, [...words, word.toUpperCase().replaceAll('-', '_')], settings, complaints);
    }
    return;
  }
  const texts = isSeq(node) ? node.items.map(textOf) : [textOf(node)];
  if (texts.includes(undefined))
    complaints.push({ what: `${name} must be a text, a number or a list of them`, offset });
  else if (isSeq(node) && texts.some((text) => text?.includes(',')))
    complaints.push({ what: `${name}: a value of the list holds a comma`, offset });
  else settings.push({ name, text: texts.join(','), offset });
}

/** What a scalar says; a number as it is written, so that 0755 and 1e3 stay what the operator wrote. */
function textOf(node: unknown): string | undefined {
  if (!isScalar(node)) return undefined;
  const { value, source } = node;
  if (value === null) return '';
  if (typeof value === 'number') return source ?? String(value);
  return typeof value === 'string' || typeof value === 'boolean' ? String(value) : undefined;
}

function offsetOf(node: unknown): number {
  return isMap(node) || isSeq(node) || isScalar(node) ? (node.range?.[0] ?? 0) : 0;
}
