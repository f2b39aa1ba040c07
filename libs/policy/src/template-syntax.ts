/** A template cannot be used. `position` counts UTF-16 units from the start of the text, and is part of the message. */
export class TemplateError extends Error {
  constructor(
    reason: string,
    readonly position: number,
  ) {
    super(`${reason} at position ${position}`);
    this.name = 'TemplateError';
  }
}

/** A stretch of a template: text that stands for itself, or an RE2 expression that stood inside `<...>`. */
export type TemplatePart =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'expression'; readonly source: string; readonly position: number };

/** Longest template, in bytes of UTF-8. */
export const maxTemplateBytes = 1024;

/**
 * Splits a template into literal text and expressions. Only the outermost `<...>` delimit an expression; balanced ones
 * inside belong to it, so that named groups work. Throws TemplateError when delimiters are unbalanced or enclose nothing.
 */
export function parseTemplate(text: string): readonly TemplatePart[] {
  const parts: TemplatePart[] = [];
  let literalStart = 0;
  let depth = 0;
  let expressionStart = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '<') {
      if (depth === 0) {
        pushLiteral(parts, text.slice(literalStart, i));
        expressionStart = i + 1;
      }
      depth++;
    } else if (text[i] === '>') {
      if (depth === 0) throw new TemplateError("unbalanced '>'", i);
      if (text[i - 1] === '<') throw new TemplateError("empty '<>'", i - 1);
      depth--;
      if (depth === 0) {
        parts.push({ kind: 'expression', source: text.slice(expressionStart, i), position: expressionStart });
        literalStart = i + 1;
      }
    }
  }
  if (depth > 0) throw new TemplateError("unbalanced '<'", expressionStart - 1);
  pushLiteral(parts, text.slice(literalStart));
  return parts;
}

function pushLiteral(parts: TemplatePart[], text: string): void {
  if (text !== '') parts.push({ kind: 'literal', text });
}
