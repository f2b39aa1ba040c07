// The 2017 command line printed and sent JSON of Go's encoder, which writes these characters as escapes.
const escapedByGo = /[<>&\u2028\u2029]/g;

function escape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

// JSON.stringify leaves these raw. They steer a terminal, or turn the order of what it shows.
const escapedForTerminals = /[\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** A value as it is printed: indented by tabs, with `<`, `>`, `&` and what steers a terminal escaped. No value is `null`. */
export function indentedJson(value: unknown): string {
  return printedJson(value, '\t');
}

/** The same on one line. */
export function jsonLine(value: unknown): string {
  return printedJson(value, '');
}

function printedJson(value: unknown, indent: string): string {
  return JSON.stringify(value ?? null, null, indent)
    .replace(escapedByGo, escape)
    .replace(escapedForTerminals, escape);
}

/** A value as it is sent: compact, with `<`, `>` and `&` escaped. */
export function compactJson(value: unknown): string {
  return JSON.stringify(value).replace(escapedByGo, escape);
}

/** The value as an object, to read members of an answer; anything else reads as an object without members. */
export function members(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

/** The texts of an array; anything else is the empty list. */
export function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
