import type { TemplatePart } from './template-syntax.js';

/**
 * What our own matcher knows: literal text, a choice of literals (`a|b`), and a run of characters other than one
 * excluded character (`.*` and `.+` exclude the newline, `[^:]+` the colon).
 */
export type Segment =
  | { readonly kind: 'choice'; readonly texts: readonly string[] }
  | { readonly kind: 'run'; readonly excluded: string; readonly atLeastOne: boolean };

const meta = new Set('\\^$.|?*+()[]{}');
/** Inside a class these mean something, or might. */
const classMeta = new Set('\\^[]-&');

/** The segments of a template, or undefined when it needs the full engine. */
export function toSegments(parts: readonly TemplatePart[]): readonly Segment[] | undefined {
  const segments: Segment[] = [];
  for (const part of parts) {
    const segment = part.kind === 'literal' ? choice([part.text]) : readExpression(part.source);
    if (segment === undefined) return undefined;
    segments.push(segment);
  }
  return segments;
}

/** Compiles segments to a matcher of whole values, which takes time linear in their length. */
export function compileSegments(segments: readonly Segment[]): (value: string) => boolean {
  const steps = toSteps(segments);
  return steps === undefined ? (value) => matchPositions(segments, value) : (value) => matchSteps(steps, value);
}

/** A segment that can match in one way. `left` is how much stands behind a run that reaches as far as it can. */
type Step =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'run';
      readonly excluded: string;
      readonly atLeastOne: boolean;
      readonly left: number | undefined;
    };

/**
 * The steps of segments that can match a value in one way only: no choice is left, and where each run ends is known: at
 * the end of the value, before the last text, or at the first excluded character because the next text begins with it.
 */
function toSteps(segments: readonly Segment[]): readonly Step[] | undefined {
  const steps: Step[] = [];
  for (const [index, segment] of segments.entries()) {
    if (segment.kind === 'choice') {
      if (segment.texts.length > 1) return undefined;
      steps.push({ kind: 'text', text: segment.texts[0] ?? '' });
      continue;
    }
    const next = segments[index + 1];
    const text = next?.kind === 'choice' && next.texts.length === 1 ? next.texts[0] : undefined;
    if (next !== undefined && text === undefined) return undefined;
    const isLast = index + 2 >= segments.length;
    if (!isLast && text?.startsWith(segment.excluded) !== true) return undefined;
    steps.push({ ...segment, left: isLast ? (text ?? '').length : undefined });
  }
  return steps;
}

function matchSteps(steps: readonly Step[], value: string): boolean {
  let at = 0;
  for (const step of steps) {
    if (step.kind === 'text') {
      if (!value.startsWith(step.text, at)) return false;
      at += step.text.length;
      continue;
    }
    const excluded = value.indexOf(step.excluded, at);
    const reached = excluded < 0 ? value.length : excluded;
    const end = step.left === undefined ? reached : value.length - step.left;
    if (end > reached || end < at + (step.atLeastOne ? 1 : 0)) return false;
    at = end;
  }
  return at === value.length;
}

/** Every value that the segments match, when these are at most `limit`; undefined otherwise. */
export function expandSegments(segments: readonly Segment[], limit: number): readonly string[] | undefined {
  let values: readonly string[] = [''];
  for (const segment of segments) {
    if (segment.kind !== 'choice' || values.length * segment.texts.length > limit) return undefined;
    const { texts } = segment;
    values = values.flatMap((value) => texts.map((text) => value + text));
  }
  return [...new Set(values)];
}

function choice(texts: readonly string[]): Segment {
  return { kind: 'choice', texts };
}

function readExpression(source: string): Segment | undefined {
  if (source === '.*') return { kind: 'run', excluded: '\n', atLeastOne: false };
  if (source === '.+') return { kind: 'run', excluded: '\n', atLeastOne: true };
  return readNegatedClass(source) ?? readAlternation(source);
}

function readNegatedClass(source: string): Segment | undefined {
  if (source.length !== 5 || !source.startsWith('[^') || source[3] !== ']') return undefined;
  const excluded = source.charAt(2);
  const repeat = source[4];
  if (classMeta.has(excluded) || isSurrogate(excluded.charCodeAt(0))) return undefined;
  if (repeat !== '+' && repeat !== '*') return undefined;
  return { kind: 'run', excluded, atLeastOne: repeat === '+' };
}

function readAlternation(source: string): Segment | undefined {
  const texts = source.split('|');
  const literal = texts.every((text) => text !== '' && ![...text].some((character) => meta.has(character)));
  return literal ? choice(texts) : undefined;
}

/** Carries the set of places that the segments so far can end at through the value, one pass per segment. */
function matchPositions(segments: readonly Segment[], value: string): boolean {
  let reached = new Uint8Array(value.length + 1);
  reached[0] = 1;
  for (const segment of segments) {
    const next = new Uint8Array(value.length + 1);
    const any =
      segment.kind === 'choice'
        ? stepChoice(segment.texts, value, reached, next)
        : stepRun(segment, value, reached, next);
    if (!any) return false;
    reached = next;
  }
  return reached[value.length] === 1;
}

function stepChoice(texts: readonly string[], value: string, reached: Uint8Array, next: Uint8Array): boolean {
  let any = false;
  for (let i = 0; i <= value.length; i++) {
    if (reached[i] !== 1) continue;
    for (const text of texts) {
      if (!value.startsWith(text, i)) continue;
      next[i + text.length] = 1;
      any = true;
    }
  }
  return any;
}

function stepRun(
  segment: Extract<Segment, { kind: 'run' }>,
  value: string,
  reached: Uint8Array,
  next: Uint8Array,
): boolean {
  const excluded = segment.excluded.charCodeAt(0);
  let running = false;
  let any = false;
  for (let i = 0; i <= value.length; i++) {
    const starts = reached[i] === 1;
    // A run takes whole code points: `.` must not match half a surrogate pair.
    if ((running || (starts && !segment.atLeastOne)) && !splitsPair(value, i)) {
      next[i] = 1;
      any = true;
    }
    running = (running || starts) && value.charCodeAt(i) !== excluded;
  }
  return any;
}

function splitsPair(value: string, index: number): boolean {
  const low = value.charCodeAt(index);
  const high = value.charCodeAt(index - 1);
  return low >= 0xdc00 && low <= 0xdfff && high >= 0xd800 && high <= 0xdbff;
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}
