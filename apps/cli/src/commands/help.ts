import { commandReference } from '../command-reference.js';
import { flag, type CommandRow } from '../command.js';
import { createProgram, findCommand } from '../program.js';
import { commandTable } from './index.js';

export const helpRow: CommandRow = {
  path: 'help',
  summary: 'Show the help of a command',
  examples: ['help clients create', 'help --markdown'],
  operands: '[command...]',
  flags: [flag('--markdown', 'print the reference of all commands as Markdown')],
  run: async (call) => {
    if (call.has('markdown')) return call.print(commandReference(commandTable).trimEnd());
    findCommand(createProgram(commandTable, call.terminal), call.operands).outputHelp();
  },
};
