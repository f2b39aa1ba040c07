import { named } from '@castellan/service';
import { z } from 'zod';

const valueSchema = named('JsonValue', z.json());

/** One operation (RFC 6902 section 4). */
export const jsonPatchSchema = z
  .array(
    z.object({
      op: z.enum(['add', 'remove', 'replace', 'move', 'copy', 'test']),
      path: z.string().max(1_024),
      from: z.string().max(1_024).optional(),
      value: valueSchema.optional(),
    }),
  )
  .max(100);

export type JsonPatch = z.infer<typeof jsonPatchSchema>;

/** A patch that does not fit the document it is for. The message names the operation. */
export class JsonPatchError extends Error {
  override name = 'JsonPatchError';
}

type Json = z.infer<ReturnType<typeof z.json>>;
type Operation = JsonPatch[number];

/** Copies can double a document with every operation. */
const longestDocument = 262_144;
const reserved = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Applies a patch, all of it or nothing: the document given stays as it is (RFC 6902). Paths are JSON Pointers (RFC 6901).
 *
 * @throws JsonPatchError
 */
export function applyJsonPatch(document: Json, patch: JsonPatch): Json {
  let patched = structuredClone(document);
  patch.forEach((operation, index) => {
    try {
      patched = operations[operation.op](patched, operation);
      if (operation.op === 'copy' && JSON.stringify(patched).length > longestDocument) {
        throw new JsonPatchError('the document becomes too long');
      }
    } catch (cause) {
      if (!(cause instanceof JsonPatchError)) throw cause;
      throw new JsonPatchError(`operation ${index} (${operation.op}): ${cause.message}`);
    }
  });
  return patched;
}

const operations: Readonly<Record<Operation['op'], (document: Json, operation: Operation) => Json>> = {
  add: (document, { path, value }) => add(document, readPointer(path), needed(value)),
  remove: (document, { path }) => remove(document, readPointer(path)),
  replace(document, { path, value }) {
    const pointer = readPointer(path);
    valueAt(document, pointer);
    return pointer.length === 0 ? needed(value) : add(remove(document, pointer), pointer, needed(value));
  },
  move(document, { from, path }) {
    const [source, target] = [readPointer(needed(from)), readPointer(path)];
    if (source.length < target.length && source.every((part, index) => part === target[index])) {
      throw new JsonPatchError('a value cannot be moved into itself');
    }
    const value = valueAt(document, source);
    return add(remove(document, source), target, value);
  },
  copy: (document, { from, path }) =>
    add(document, readPointer(path), structuredClone(valueAt(document, readPointer(needed(from))))),
  test(document, { path, value }) {
    if (!isEqual(valueAt(document, readPointer(path)), needed(value))) throw new JsonPatchError('the values differ');
    return document;
  },
};

function needed<T>(value: T | undefined): T {
  if (value === undefined) throw new JsonPatchError('a member that the operation needs is missing');
  return value;
}

function readPointer(text: string): readonly string[] {
  if (text === '') return [];
  if (!text.startsWith('/') || /~(?![01])/.test(text)) throw new JsonPatchError('a path is not a JSON Pointer');
  const parts = text
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  if (parts.some((part) => reserved.has(part))) throw new JsonPatchError('a path has a reserved name');
  return parts;
}

function valueAt(document: Json, pointer: readonly string[]): Json {
  return pointer.reduce<Json>((value, part) => {
    if (Array.isArray(value)) return value[indexIn(value, part, value.length - 1)] ?? null;
    const members = membersOf(value);
    if (!Object.hasOwn(members, part)) throw new JsonPatchError('a path leads nowhere');
    return members[part] ?? null;
  }, document);
}

function add(document: Json, pointer: readonly string[], value: Json): Json {
  const last = pointer.at(-1);
  if (last === undefined) return value;
  const parent = valueAt(document, pointer.slice(0, -1));
  if (Array.isArray(parent)) {
    parent.splice(last === '-' ? parent.length : indexIn(parent, last, parent.length), 0, value);
  } else {
    membersOf(parent)[last] = value;
  }
  return document;
}

function remove(document: Json, pointer: readonly string[]): Json {
  const last = pointer.at(-1);
  if (last === undefined) throw new JsonPatchError('the whole document cannot be removed');
  valueAt(document, pointer);
  const parent = valueAt(document, pointer.slice(0, -1));
  if (Array.isArray(parent)) parent.splice(indexIn(parent, last, parent.length - 1), 1);
  else delete membersOf(parent)[last];
  return document;
}

function indexIn(list: readonly Json[], part: string, highest: number): number {
  const index = /^(?:0|[1-9]\d{0,6})$/.test(part) ? Number(part) : Number.NaN;
  if (!(index <= highest)) throw new JsonPatchError('a path leads nowhere');
  return index;
}

function membersOf(value: Json): { [name: string]: Json } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new JsonPatchError('a path leads nowhere');
  }
  return value;
}

function isEqual(left: Json, right: Json): boolean {
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((value, index) => isEqual(value, right[index] ?? null));
  }
  if (typeof left !== 'object' || left === null || typeof right !== 'object' || right === null) return left === right;
  if (Array.isArray(left) || Array.isArray(right)) return false;
  const names = Object.keys(left);
  return (
    names.length === Object.keys(right).length &&
    names.every((name) => Object.hasOwn(right, name) && isEqual(left[name] ?? null, right[name] ?? null))
  );
}
