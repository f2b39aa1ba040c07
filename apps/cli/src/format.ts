import { text, type CommandCall, type Flag } from './command.js';
import { indentedJson } from './json.js';
import { table } from './table.js';

/** The values of `--format`. */
export const formats = ['json', 'yaml', 'table'] as const;
export type Format = (typeof formats)[number];

/** How a command prints whose only forms these are. */
export const formatFlag: Flag = { ...text('--format <format>', 'json, yaml or table', 'table'), choices: formats };

/** How a command prints that has a text of its own, by which it is known since Hydra 0.9. */
export const otherFormatFlag: Flag = {
  ...text('--format <format>', 'json, yaml or table instead of the text of this command'),
  choices: formats,
};

/** The format that is asked for; undefined where a command shall print its own text. */
export function formatOf(call: CommandCall): Format | undefined {
  return formats.find((format) => format === call.text('format'));
}

/**
 * Prints a list as `--format` says; a table has the columns given, which are named by the members that they show. Prints nothing in
 * a dry run, for nothing was answered.
 */
export async function printFormatted(
  call: CommandCall,
  rows: readonly unknown[],
  columns: readonly string[],
): Promise<void> {
  await print(call, rows, () => rowLines(rows, columns));
}

/** Prints one object as `--format` says; its table has the columns given, or a line per member. */
export async function printObject(call: CommandCall, object: unknown, columns?: readonly string[]): Promise<void> {
  await print(call, object, () => (columns === undefined ? memberLines(object) : rowLines([object], columns)));
}

/** Prints the command's own text, unless `--format` asks for the value: for a list with columns, for an object without. */
export async function printOr(
  call: CommandCall,
  own: () => void,
  value: unknown,
  columns?: readonly string[],
): Promise<void> {
  if (formatOf(call) === undefined) return own();
  if (columns === undefined) return printObject(call, value);
  await printFormatted(call, Array.isArray(value) ? value : [], columns);
}

/** What came of one of several things that a command does: its own sentence, and the value for `--format`. */
export type Done = { readonly own: string; readonly value: unknown };

/**
 * Does things one after the other. Each is told when it is done or, where `--format` asks for it, all in one list at the end, also
 * where one fails: what was done before it is done.
 */
export async function printEach(
  call: CommandCall,
  items: readonly string[],
  work: (item: string) => Promise<Done>,
  columns: readonly string[],
): Promise<void> {
  const values: unknown[] = [];
  try {
    for (const item of items) {
      const { own, value } = await work(item);
      if (formatOf(call) === undefined) call.print(own);
      values.push(value);
    }
  } finally {
    if (formatOf(call) !== undefined) await printFormatted(call, values, columns);
  }
}

/** The value as YAML, with every character escaped that could steer a terminal. */
export async function yamlText(value: unknown): Promise<string> {
  const { Document, Scalar, visit } = await import('yaml');
  const document = new Document(value ?? null, { aliasDuplicateObjects: false });
  visit(document, {
    Scalar: (_key, scalar) => {
      if (typeof scalar.value === 'string' && steering.test(scalar.value)) scalar.type = Scalar.QUOTE_DOUBLE;
    },
  });
  const lines = document.toString({ lineWidth: 0, doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER });
  // What is left stands inside double quotes, where YAML knows these escapes.
  return lines.trimEnd().replace(steeringOnes, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const steering = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/;
const steeringOnes = new RegExp(steering, 'g');

async function print(call: CommandCall, value: unknown, tableLines: () => readonly string[]): Promise<void> {
  if (call.printDryRun !== undefined) return;
  const format = formatOf(call) ?? 'table';
  if (format === 'json') return call.print(indentedJson(value));
  if (format === 'yaml') return call.print(await yamlText(value));
  for (const line of tableLines()) call.print(line);
}

function rowLines(rows: readonly unknown[], columns: readonly string[]): readonly string[] {
  return table(
    columns.map(heading),
    rows.map((row) => columns.map((column) => cell(memberOf(row, column)))),
  );
}

function memberLines(object: unknown): readonly string[] {
  const shown: [string, unknown][] = typeof object === 'object' && object !== null ? Object.entries(object) : [];
  return table(
    ['FIELD', 'VALUE'],
    shown.map(([name, value]) => [heading(name), cell(value)]),
  );
}

function memberOf(row: unknown, name: string): unknown {
  return typeof row === 'object' && row !== null ? Reflect.get(row, name) : row;
}

function heading(member: string): string {
  return member.toUpperCase().replaceAll('_', ' ');
}

/** One value of a table: lists with commas between, objects as JSON, a dash where there is nothing. */
function cell(value: unknown): string {
  if (value === undefined || value === null || value === '') return '-';
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.map(cell).join(', ');
  if (typeof value === 'object') return Object.keys(value).length === 0 ? '-' : JSON.stringify(value);
  return String(value as string | number | boolean);
}
