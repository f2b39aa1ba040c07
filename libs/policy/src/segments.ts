import { type CharacterClass, endOfRun, holds, readClass } from './character-class.js';
import type { TemplatePart } from './template-syntax.js';

/**
 * What our own matcher knows: literal text, a choice of literals (`a|b`), and a run of characters of one class (`.*`,
 * `[^:]+`, `[0-9]{4,8}`), by how many there are at least and at most.
 */
export type Segment = { readonly kind: 'choice'; readonly texts: readonly string[] } | Run;

type Run = {
  readonly kind: 'run';
  readonly characters: CharacterClass;
  readonly atLeast: number;
  readonly atMost: number;
};

const meta = new Set('\\^$.|?*+()[]{}');

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

/**
 * Compiles segments to a matcher of whole values, which takes time linear in their length; undefined where that needs
 * the full engine.
 */
export function compileSegments(segments: readonly Segment[]): ((value: string) => boolean) | undefined {
  const steps = toSteps(segments);
  if (steps !== undefined) return stepMatcher(steps);
  return segments.every(isCountless) ? (value) => matchPositions(segments, value) : undefined;
}

/** Apart from the above, where the matcher would keep all segments in memory with it. */
function stepMatcher(steps: readonly Step[]): (value: string) => boolean {
  return (value) => matchSteps(steps, value);
}

/**
 * A segment that can match in one way: a text, or a run. There are more of these than of templates, so that a
 * step is a text, or a run that templates share, and no object of its own.
 */
type Step = string | Run;

/**
 * The steps of segments that can match a value in one way only: no choice is left, and where each run ends is known: at
 * the end of the value, before the last text, or at the first character outside of its class because the next text
 * begins with such.
 */
function toSteps(segments: readonly Segment[]): readonly Step[] | undefined {
  const steps = segments.map(toStep);
  const last = steps.length - 1;
  if (!steps.every((step) => step !== undefined)) return undefined;
  return steps.every((step, index) => isDetermined(step, steps[index + 1], index + 1 >= last)) ? steps : undefined;
}

function toStep(segment: Segment): Step | undefined {
  if (segment.kind === 'run') return segment;
  return segment.texts.length === 1 ? segment.texts[0] : undefined;
}

function isDetermined(step: Step, next: Step | undefined, isLast: boolean): boolean {
  if (typeof step === 'string' || next === undefined) return true;
  if (typeof next !== 'string') return false;
  return isLast || !holds(step.characters, next.charCodeAt(0));
}

function matchSteps(steps: readonly Step[], value: string): boolean {
  const last = steps.length - 1;
  let at = 0;
  let index = 0;
  for (const step of steps) {
    if (typeof step === 'string') {
      if (!value.startsWith(step, at)) return false;
      at += step.length;
    } else {
      const reached = endOfRun(step.characters, value, at);
      // The last run leaves what stands behind it, the others reach as far as they can.
      const end = index < last - 1 ? reached : value.length - lengthOf(steps[index + 1]);
      if (end > reached || end - at < step.atLeast || end - at > step.atMost) return false;
      at = end;
    }
    index++;
  }
  return at === value.length;
}

function lengthOf(step: Step | undefined): number {
  return typeof step === 'string' ? step.length : 0;
}

/** Whether nothing but a first character has to be counted. */
function isCountless(segment: Segment): boolean {
  return segment.kind === 'choice' || (segment.atLeast <= 1 && segment.atMost === Number.POSITIVE_INFINITY);
}

/** Text that stands after a run of all characters but one, and begins with that one. */
export type Infix = { readonly excluded: string; readonly text: string };

/** The text that stands where the first run ends, if nothing but a text stands before that. */
export function findInfix(segments: readonly Segment[]): Infix | undefined {
  const at = segments[0]?.kind === 'run' ? 0 : 1;
  const [run, next] = segments.slice(at);
  if (at === 1 && !(segments[0]?.kind === 'choice' && segments[0].texts.length === 1)) return undefined;
  if (run?.kind !== 'run' || run.characters.kind !== 'all-but' || next?.kind !== 'choice') return undefined;
  const [text = ''] = next.texts;
  const { excluded } = run.characters;
  return next.texts.length === 1 && text.startsWith(excluded) ? { excluded, text } : undefined;
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
  return readRun(source) ?? readAlternation(source);
}

/** How often: any, at least once, a number of times, or from one number to another. */
const repetition = /(?:[*+]|\{(\d{1,3})(,(\d{1,3})?)?\})$/;

/** Runs by their source: a few kinds serve nearly all templates, which share them. */
const knownRuns = new Map<string, Run>();
const maxKnownRuns = 256;

function readRun(source: string): Run | undefined {
  const known = knownRuns.get(source);
  if (known !== undefined) return known;
  const run = parseRun(source);
  if (run !== undefined && knownRuns.size < maxKnownRuns) knownRuns.set(source, run);
  return run;
}

function parseRun(source: string): Run | undefined {
  const [repeat = '', least, comma, most] = repetition.exec(source) ?? [];
  const characters = readClass(source.slice(0, source.length - repeat.length));
  if (characters === undefined) return undefined;
  if (repeat === '*' || repeat === '+') {
    return { kind: 'run', characters, atLeast: repeat === '+' ? 1 : 0, atMost: Number.POSITIVE_INFINITY };
  }
  // Of these, a character may be two UTF-16 units: the engine counts them.
  if (characters.kind === 'all-but') return undefined;
  const atLeast = repeat === '' ? 1 : Number(least);
  const atMost = comma === undefined ? atLeast : most === undefined ? Number.POSITIVE_INFINITY : Number(most);
  return atMost < atLeast ? undefined : { kind: 'run', characters, atLeast, atMost };
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

function stepRun({ characters, atLeast }: Run, value: string, reached: Uint8Array, next: Uint8Array): boolean {
  let running = false;
  let any = false;
  for (let i = 0; i <= value.length; i++) {
    const starts = reached[i] === 1;
    // A run takes whole code points: `.` must not match half a surrogate pair.
    if ((running || (starts && atLeast === 0)) && !splitsPair(value, i)) {
      next[i] = 1;
      any = true;
    }
    running = (running || starts) && holds(characters, value.charCodeAt(i));
  }
  return any;
}

function splitsPair(value: string, index: number): boolean {
  const low = value.charCodeAt(index);
  const high = value.charCodeAt(index - 1);
  return low >= 0xdc00 && low <= 0xdfff && high >= 0xd800 && high <= 0xdbff;
}
