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
  readonly json?: string;
  readonly markdown?: string;
  readonly list: boolean;
  readonly help: boolean;
};

export const usage = `Usage: npm run bench -- [options]

Measures Castellan and its peers in turn, in one run. Ratios count; absolute figures belong to the machine.

  --only NAME      run one scenario (P-1, P-3, ...); may be repeated, or a list with commas
  --quick          one short round each: to see that everything works
  --guard          quick comparison of ratios with apps/bench/recorded.json; exit code 1 when one dropped
  --record         with --guard: write apps/bench/recorded.json instead of comparing with it
  --json FILE      write the results as JSON
  --markdown FILE  write the page for people, with charts as SVG in the folder images beside it
  --list           name the scenarios
  --help           this text
`;

/** What is asked for cannot be done; the message is for the caller. */
export class UsageError extends Error {}

/** Reads the command line. Throws UsageError for an unknown or malformed option. */
export function readOptions(args: readonly string[]): Options {
  const values = parse(args);
  if (values.record && !values.guard) throw new UsageError('--record goes with --guard');
  return {
    only: values.only.flatMap((names) => names.split(',')).map((name) => name.trim().toUpperCase()),
    quick: values.quick,
    guard: values.guard,
    record: values.record,
    list: values.list,
    help: values.help,
    ...(values.json !== undefined ? { json: values.json } : {}),
    ...(values.markdown !== undefined ? { markdown: values.markdown } : {}),
  };
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
      json: { type: 'string' },
      markdown: { type: 'string' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  }).values;
}
