import { readFile } from 'node:fs/promises';
import { flag, text, type CommandCall, type Flag } from './command.js';
import { formatOf } from './format.js';
import { readSecretFromStdin } from './prompt.js';
import { CommandError, errorText, UsageError } from './terminal.js';

/** Printed whenever a secret stands on the command line. */
export const secretOnCommandLine =
  'You should not provide secrets using command line flags. The secret might leak to bash history and similar systems.';

/** The ways to give a secret; `whose` ends the sentence `secret of ...`. */
export function secretFlags(whose: string): readonly Flag[] {
  return [
    text(
      '--secret <secret>',
      `secret of ${whose} (visible to other users of this machine; prefer --secret-stdin or --secret-file)`,
    ),
    flag('--secret-stdin', `read the secret of ${whose} from standard input`),
    text('--secret-file <path>', `read the secret of ${whose} from the first line of a file`),
  ];
}

/** The secret given by `--secret`, `--secret-stdin` or `--secret-file`, undefined when none is given. */
export async function givenSecret(call: CommandCall): Promise<string | undefined> {
  const ways = ['secret', 'secret-stdin', 'secret-file'].filter((name) => call.isGiven(name));
  if (ways.length > 1) throw new UsageError(`--${ways.join(' and --')} both give a secret; give one of them`);
  if (call.has('secret-stdin')) return readSecretFromStdin(call.terminal);
  if (call.text('secret-file') !== '') return readSecretFile(call.text('secret-file'));
  return call.isGiven('secret') && call.text('secret') !== '' ? call.text('secret') : undefined;
}

/** Warns of a secret on the command line, on stdout as in 2017, or on stderr where stdout has a format. */
export function noteSecretOnCommandLine(call: CommandCall): void {
  if (!call.isGiven('secret')) return;
  if (formatOf(call) === undefined) call.print(secretOnCommandLine);
  else call.note(secretOnCommandLine);
}

/** An operand that holds a token; `-` reads it from standard input, out of sight of `ps`. */
export async function tokenOperand(call: CommandCall, index: number): Promise<string> {
  const operand = call.operand(index);
  return operand === '-' ? readSecretFromStdin(call.terminal) : operand;
}

async function readSecretFile(path: string): Promise<string> {
  const content = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new CommandError(`Could not open file ${path}: ${errorText(error)}`);
  });
  const [secret = ''] = content.split(/\r?\n/, 1);
  if (secret === '') throw new CommandError(`The first line of ${path} is empty: there is no secret.`);
  return secret;
}
