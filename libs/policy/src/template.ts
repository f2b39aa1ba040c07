import { compileAnchored } from './expression.js';
import { compileSegments, expandSegments, findInfix, type Infix, toSegments } from './segments.js';
import { maxTemplateBytes, parseTemplate, TemplateError } from './template-syntax.js';
import { findUnstorable } from './text.js';

/** A compiled template. It matches a whole value or not at all. */
export type Template = {
  readonly text: string;
  /** `exact` matches its text alone; `segments` runs on our own matcher; `expression` on the RE2 engine. All are linear in the value. */
  readonly kind: 'exact' | 'segments' | 'expression';
  /** Every value that it matches, where these are few; undefined otherwise. */
  readonly values: readonly string[] | undefined;
  /** What every value that it matches begins with, ends with, and holds somewhere; empty when nothing is known. */
  readonly literals: TemplateLiterals;
  /** Instructions of its RE2 program; 0 where there is none. */
  readonly cost: number;
  matches(value: string): boolean;
};

/** Literal text of a template. */
export type TemplateLiterals = {
  readonly prefix: string;
  readonly suffix: string;
  readonly all: readonly string[];
  /** What follows the prefix and a run whose end every value tells, where the template goes on like that. */
  readonly infix?: Infix | undefined;
};

/** A template of only alternations stands for each of its values while these are no more. */
const maxValues = 16;

/** Most bytes of UTF-8 that a UTF-16 unit stands for. */
const maxBytesPerUnit = 3;

/**
 * Compiles a template: literal text, with RE2 expressions inside `<...>`, anchored at both ends; `.` does not match a
 * newline. Throws TemplateError, which names the place, for a template that may not be stored.
 */
export function compileTemplate(text: string): Template {
  if (text === '') throw new TemplateError('empty template', 0);
  if (text.length * maxBytesPerUnit > maxTemplateBytes && Buffer.byteLength(text) > maxTemplateBytes) {
    throw new TemplateError(`template longer than ${maxTemplateBytes} bytes`, maxTemplateBytes);
  }
  const unstorable = findUnstorable(text);
  if (unstorable >= 0) throw new TemplateError('NUL or lone surrogate', unstorable);

  if (!text.includes('<') && !text.includes('>')) return exactTemplate(text);
  const parts = parseTemplate(text);
  const first = parts[0];
  const last = parts.at(-1);
  const literals: TemplateLiterals = {
    prefix: first?.kind === 'literal' ? first.text : '',
    suffix: last?.kind === 'literal' ? last.text : '',
    all: parts.flatMap((part) => (part.kind === 'literal' ? [part.text] : [])),
  };
  const segments = toSegments(parts);
  const matches = segments === undefined ? undefined : compileSegments(segments);
  if (segments === undefined || matches === undefined) {
    return { text, kind: 'expression', values: undefined, literals, ...compileAnchored(parts) };
  }
  const values = expandSegments(segments, maxValues);
  if (values !== undefined) return { text, kind: 'segments', values, literals, cost: 0, matches: valueMatcher(values) };
  const infix = findInfix(segments);
  return { text, kind: 'segments', values, literals: { ...literals, infix }, cost: 0, matches };
}

function exactTemplate(text: string): Template {
  const literals: TemplateLiterals = { prefix: text, suffix: text, all: [text] };
  return { text, kind: 'exact', values: [text], literals, cost: 0, matches: (value) => value === text };
}

function valueMatcher(values: readonly string[]): (value: string) => boolean {
  return (value) => values.includes(value);
}
