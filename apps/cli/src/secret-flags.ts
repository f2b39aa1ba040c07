import type { CommandCall } from './command.js';
import { readSecretFromStdin } from './prompt.js';

/** Printed whenever a secret stands on the command line. */
export const secretOnCommandLine =
  'You should not provide secrets using command line flags. The secret might leak to bash history and similar systems.';

/** The secret given by `--secret` or `--secret-stdin`, undefined when neither is given. */
export async function givenSecret(call: CommandCall): Promise<string | undefined> {
  if (call.has('secret-stdin')) return readSecretFromStdin(call.terminal);
  return call.isGiven('secret') && call.text('secret') !== '' ? call.text('secret') : undefined;
}

/** An operand that holds a token; `-` reads it from standard input, out of sight of `ps`. */
export async function tokenOperand(call: CommandCall, index: number): Promise<string> {
  const operand = call.operand(index);
  return operand === '-' ? readSecretFromStdin(call.terminal) : operand;
}
