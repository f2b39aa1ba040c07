import { text, type CommandCall } from './command.js';
import { indentedJson, members } from './json.js';
import { table } from './keys/table.js';
import { printable, UsageError } from './terminal.js';

/** How a list is printed. */
export const formatFlag = text('--format <format>', 'json, yaml or table', 'table');

/**
 * Prints a list of objects as `--format` says; a table has the columns given, named by the members that they show.
 * Throws UsageError for another format.
 */
export async function printFormatted(
  call: CommandCall,
  rows: readonly unknown[],
  columns: readonly string[],
): Promise<void> {
  switch (call.text('format')) {
    case 'json':
      return call.print(indentedJson(rows));
    case 'yaml': {
      const { stringify } = await import('yaml');
      return call.print(printable(stringify(rows)).trimEnd());
    }
    case 'table': {
      const head = columns.map((column) => column.toUpperCase().replaceAll('_', ' '));
      const cells = rows.map((row) => columns.map((column) => String(members(row)[column] ?? '-')));
      return table(head, cells).forEach((line) => call.print(line));
    }
    default:
      throw new UsageError('the flag --format must be json, yaml or table');
  }
}
