import type { Template } from './template.js';
import { parseTemplate } from './template-syntax.js';

const anything = new Set(['.*', '.+']);

/** Whether the template matches every value that is not empty, newlines aside. */
export function isUniversal({ text }: Template): boolean {
  const parts = parseTemplate(text);
  return parts.length > 0 && parts.every((part) => part.kind === 'expression' && anything.has(part.source));
}

/** The expressions of a template. */
export function expressionsOf({ text }: Template): readonly string[] {
  return parseTemplate(text).flatMap((part) => (part.kind === 'expression' ? [part.source] : []));
}

/** Whether one of the templates surely matches every value that `covered` does, newlines aside. */
export function coversEvery(templates: readonly Template[], covered: Template): boolean {
  const { values } = covered;
  if (values !== undefined) return values.every((value) => templates.some((template) => template.matches(value)));
  return templates.some((template) => covers(template, covered));
}

function covers(template: Template, covered: Template): boolean {
  if (template.text === covered.text || isUniversal(template)) return true;
  const prefix = openPrefixOf(template);
  return prefix !== undefined && covered.literals.prefix.startsWith(prefix);
}

/** What a value must begin with, and nothing else, to be matched. */
function openPrefixOf({ text }: Template): string | undefined {
  const [literal, rest, ...more] = parseTemplate(text);
  if (literal?.kind !== 'literal' || rest?.kind !== 'expression' || more.length > 0) return undefined;
  return rest.source === '.*' ? literal.text : undefined;
}

/** A value that the template matches; undefined when none is found easily. */
export function sampleOf(template: Template): string | undefined {
  if (template.values !== undefined) return template.values.find((value) => value !== '');
  const sample = parseTemplate(template.text)
    .map((part) => (part.kind === 'literal' ? part.text : '0'))
    .join('');
  return template.matches(sample) ? sample : undefined;
}
