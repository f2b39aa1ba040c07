import { parseArgs } from 'node:util';

/** What the command line asks for. */
export type Options = {
  /** IDs of the scenarios to run; empty means all that belong to a usual run. */
  readonly only: readonly string[];
  /** One short round each: shows that everything works, and measures roughly. */
  readonly quick: boolean;
  /** Compare ratios with the recorded ones. */
  readonly guard: boolean;
  /** Write the ratios of this run as the recorded ones. */
  readonly record: boolean;
  /** The file of recorded ratios, instead of the one of this repository. */
  readonly recorded?: string;
  /** What the command line says about rounds, seconds and connections. */
  readonly effort: { readonly rounds?: number; readonly seconds?: number; readonly connections?: number };
  /** Sizes of P-13 instead of its own, largest last. */
  readonly sizes?: readonly number[];
  /** JSON of earlier runs, whose further scenarios go into the report. */
  readonly earlier: readonly string[];
  readonly json?: string;
  readonly markdown?: string;
  readonly list: boolean;
  readonly help: boolean;
};

export const usage = `Usage: npm run bench -- [options]

Measures Castellan and its peers in turn, in one run. Ratios count; absolute figures belong to the machine.

  --only NAME      run one scenario (P-1, P-3, ...); may be repeated, or a list with commas
  --quick          one short round each: to see that everything works, in about a minute
  --rounds N       rounds of every contender (5; of each try of the guard 3)
  --seconds N      seconds of a round (2)
  --connections N  connections that ask at once (64)
  --sizes N,N      numbers of stored tokens for P-13, instead of 10^4 to 10^7
  --guard          compare CPU per request against peers with apps/bench/recorded.json; exit code 1 when a ratio
                   dropped by more than 30 % in two tries, 3 when this machine gave no figures
  --record         with --guard: lower what apps/bench/recorded.json says to the ratios of this run
  --recorded FILE  with --guard: the file of recorded ratios, instead of apps/bench/recorded.json
  --json FILE      write the results as JSON
  --markdown FILE  write the page for people, with charts as SVG in the folder images beside it
  --with FILE      add the scenarios of an earlier run's JSON that this run does not do; may be repeated
  --list           name the scenarios
  --help           this text
`;

/** What is asked for cannot be done; the message is for the caller. */
export class UsageError extends Error {}

/** Reads the command line. Throws UsageError for an unknown or malformed option. */
export function readOptions(args: readonly string[]): Options {
  const values = parse(args);
  if (values.record && !values.guard) throw new UsageError('--record goes with --guard');
  if (values.recorded !== undefined && !values.guard) throw new UsageError('--recorded goes with --guard');
  return {
    only: values.only.flatMap((names) => names.split(',')).map((name) => name.trim().toUpperCase()),
    quick: values.quick,
    guard: values.guard,
    record: values.record,
    ...(values.recorded !== undefined ? { recorded: values.recorded } : {}),
    effort: {
      ...readPositive('rounds', values.rounds),
      ...readPositive('seconds', values.seconds),
      ...readPositive('connections', values.connections),
    },
    ...(values.sizes !== undefined ? { sizes: readSizes(values.sizes) } : {}),
    earlier: values.with,
    list: values.list,
    help: values.help,
    ...(values.json !== undefined ? { json: values.json } : {}),
    ...(values.markdown !== undefined ? { markdown: values.markdown } : {}),
  };
}

/** A number above zero under its own name; nothing when it was not given. */
function readPositive<Name extends 'rounds' | 'seconds' | 'connections'>(
  name: Name,
  text: string | undefined,
): { readonly [name in Name]?: number } {
  if (text === undefined) return {};
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 10_000)
    throw new UsageError(`--${name} ${text} is no number of ${name}`);
  return { [name]: value } as { readonly [name in Name]?: number };
}

function readSizes(text: string): readonly number[] {
  const sizes = text.split(',').map(Number);
  if (!sizes.every((size) => Number.isInteger(size) && size > 0 && size <= 100_000_000))
    throw new UsageError(`--sizes ${text} is no list of numbers`);
  return sizes.sort((left, right) => left - right);
}

function parse(args: readonly string[]): ReturnType<typeof parseStrictly> {
  try {
    return parseStrictly(args);
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause));
  }
}

function parseStrictly(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', multiple: true, default: [] },
      quick: { type: 'boolean', default: false },
      guard: { type: 'boolean', default: false },
      record: { type: 'boolean', default: false },
      recorded: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      connections: { type: 'string' },
      sizes: { type: 'string' },
      with: { type: 'string', multiple: true, default: [] },
      json: { type: 'string' },
      markdown: { type: 'string' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  }).values;
}
