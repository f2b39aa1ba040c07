import type { CommandRow } from '../command.js';
import { completionScript, shells } from '../completion.js';
import { UsageError } from '../terminal.js';
import { commandTable } from './index.js';

export const completionRow: CommandRow = {
  path: 'completion',
  summary: 'Print a script that completes commands and flags in a shell',
  examples: ['completion bash > /etc/bash_completion.d/castellan', 'completion fish | source'],
  operands: '<bash|zsh|fish>',
  run: (call) => {
    const shell = shells.find((name) => name === call.operand(0));
    if (shell === undefined) throw new UsageError(`there is no completion for this shell; it is ${shells.join(', ')}`);
    call.print(completionScript(shell, commandTable, call.terminal.programName));
    return Promise.resolve();
  },
};
