import { compileAnchored } from './expression.js';
import { matchSegments, toSegments } from './segments.js';
import { maxTemplateBytes, parseTemplate, TemplateError } from './template-syntax.js';
import { findUnstorable } from './text.js';

/** A compiled template. It matches a whole value or not at all. */
export type Template = {
  readonly text: string;
  /** `exact` matches its text alone; `segments` runs on our own matcher; `expression` on the RE2 engine. All are linear in the value. */
  readonly kind: 'exact' | 'segments' | 'expression';
  matches(value: string): boolean;
};

/**
 * Compiles a template: literal text, with RE2 expressions inside `<...>`, anchored at both ends; `.` does not match a
 * newline. Throws TemplateError, which names the place, for a template that may not be stored.
 */
export function compileTemplate(text: string): Template {
  if (text === '') throw new TemplateError('empty template', 0);
  if (Buffer.byteLength(text) > maxTemplateBytes) {
    throw new TemplateError(`template longer than ${maxTemplateBytes} bytes`, maxTemplateBytes);
  }
  const unstorable = findUnstorable(text);
  if (unstorable >= 0) throw new TemplateError('NUL or lone surrogate', unstorable);

  const parts = parseTemplate(text);
  if (parts.every((part) => part.kind === 'literal')) {
    return { text, kind: 'exact', matches: (value) => value === text };
  }
  const segments = toSegments(parts);
  if (segments !== undefined) {
    return { text, kind: 'segments', matches: (value) => matchSegments(segments, value) };
  }
  return { text, kind: 'expression', matches: compileAnchored(parts) };
}
