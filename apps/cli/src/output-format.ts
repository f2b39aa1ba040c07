import { stringify } from 'yaml';
import type { CommandCall, Flag } from './command.js';
import { text } from './command.js';
import { indentedJson } from './json.js';
import { table } from './keys/table.js';
import { UsageError } from './terminal.js';

const formats = ['json', 'yaml', 'table'] as const;
export type OutputFormat = (typeof formats)[number];

/** The flag of commands that print lists. */
export const formatFlag: Flag = text('--format <format>', 'json, yaml or table', 'table');

/** The format that was asked for. Throws UsageError for any other. */
export function formatOf(call: CommandCall): OutputFormat {
  const asked = call.text('format') || 'table';
  const format = formats.find((one) => one === asked);
  if (format === undefined) throw new UsageError(`--format must be one of ${formats.join(', ')}`);
  return format;
}

/** Prints a result as it is in JSON or YAML, or the rows of a table. */
export function printResult(
  call: CommandCall,
  value: unknown,
  head: readonly string[],
  rows: () => readonly (readonly string[])[],
): void {
  const format = formatOf(call);
  if (format === 'table') for (const line of table(head, rows())) call.print(line);
  else call.print(format === 'json' ? indentedJson(value) : stringify(value).trimEnd());
}
