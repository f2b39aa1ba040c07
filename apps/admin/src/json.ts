import { z } from 'zod';

/** A member of a JSON object to write: its name and its value as JSON text; `undefined` leaves it out. */
export type JsonMember = readonly [name: string, json: string | undefined];

/**
 * Writes a JSON object member by member, in the order given. Unlike `JSON.stringify` of an object it keeps that order
 * for names like `42`, has no special case for `__proto__`, and takes values that are JSON text already.
 */
export function jsonObject(members: readonly JsonMember[]): string {
  const written = members.flatMap(([name, json]) => (json !== undefined ? [`${JSON.stringify(name)}:${json}`] : []));
  return `{${written.join(',')}}`;
}

/** Writes a list; an empty one is `null`, as the original wrote lists that were never set. */
export function jsonList(values: readonly string[]): string {
  return values.length === 0 ? 'null' : JSON.stringify(values);
}

/** Writes `<`, `>` and `&` in JSON text as the original did, so that no browser ever takes an answer for a page. */
export function escapedForHtml(json: string): string {
  return json.replace(/[<>&]/gu, (character) => `\\u00${character.charCodeAt(0).toString(16)}`);
}

/** Go clients of 2017 send `null` for what was never set; it counts as absent, here and below. */
export const textSchema = z.string().nullish();
export const listSchema = z.array(z.string()).nullish();
export const flagSchema = z.boolean().nullish();

/** A JSON object whose members are somebody else's to read, kept as it is, `__proto__` and all. */
export const objectSchema = z.custom<Readonly<Record<string, unknown>>>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  { error: 'expected an object' },
);
