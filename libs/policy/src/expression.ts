import { RE2JS, RE2JSException, RE2JSSyntaxException } from 're2js';
import { TemplateError, type TemplatePart } from './template-syntax.js';

/** An expression is refused when it compiles to more instructions: matching costs input length times this. */
export const maxProgramSize = 1024;

/** Compiles the parts of a template into one anchored RE2 program; `cost` is the count of its instructions. Throws TemplateError with the place of the fault. */
export function compileAnchored(parts: readonly TemplatePart[]): {
  readonly cost: number;
  readonly matches: (value: string) => boolean;
} {
  let pattern = '';
  let position = 0;
  for (const part of parts) {
    if (part.kind === 'literal') {
      pattern += RE2JS.quote(part.text);
      continue;
    }
    position = part.position;
    // Alone first, so that an expression cannot close our group and open another: `a)|(b`.
    compileExpression(part.source, position);
    compileExpression(`(?:${part.source})`, position);
    pattern += `(?:${part.source})`;
  }
  // What only fails together, such as a group name used twice, is blamed on the last expression.
  const program = compile(pattern, () => position);
  return { cost: program.programSize(), matches: (value) => program.testExact(value) };
}

/** Compiles an expression that may match anywhere in a value. Throws TemplateError with the place of the fault. */
export function compileSearch(source: string): (value: string) => boolean {
  const program = compileExpression(source, 0);
  return (value) => program.test(value);
}

function compileExpression(source: string, position: number): RE2JS {
  return compile(source, (fragment) => position + Math.max(0, fragment === source ? 0 : source.indexOf(fragment)));
}

function compile(pattern: string, locate: (fragment: string) => number): RE2JS {
  const program = parse(pattern, locate);
  if (program.programSize() > maxProgramSize) throw new TemplateError('the expression is too large', locate(''));
  return program;
}

function parse(pattern: string, locate: (fragment: string) => number): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    if (error instanceof RE2JSSyntaxException) {
      const fragment = error.getPattern() ?? '';
      throw new TemplateError(`${error.getDescription()}${fragment === '' ? '' : ` '${fragment}'`}`, locate(fragment));
    }
    if (error instanceof RE2JSException) throw new TemplateError(error.message, locate(''));
    throw error;
  }
}
