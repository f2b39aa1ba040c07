import type { CommandRow } from '../command.js';
import { createProgram, findCommand } from '../program.js';
import { commandTable } from './index.js';

export const helpRow: CommandRow = {
  path: 'help',
  summary: 'Show the help of a command',
  operands: '[command...]',
  run: async (call) => {
    findCommand(createProgram(commandTable, call.terminal), call.operands).outputHelp();
  },
};
