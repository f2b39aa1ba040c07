import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { createAdminApi } from './admin-api.js';
import { flag, text, type CommandCall, type CommandRow, type Flag } from './command.js';
import { configFilePath, readCliConfig } from './config-file.js';
import { parseCsv } from './csv.js';
import type { HttpClient } from './http-client.js';
import { jsonLine } from './json.js';
import { CommandError, errorText, printable, UsageError, type Terminal } from './terminal.js';

/** Flags of every command. */
export const globalFlags: readonly Flag[] = [
  text('--config <path>', 'config file (default is $HOME/.castellan.yml)', ''),
  flag('--skip-tls-verify', 'foolishly accept TLS certificates signed by unknown certificate authorities'),
  text('--tls-ca-file <path>', 'trust the certificates of this PEM file, too (environment: TLS_CA_FILE)', ''),
  { ...flag('-t, --toggle', 'has no effect'), kind: 'switch', hidden: true },
];

/**
 * Builds the program from the table. Usage errors exit 2 and are shown with the usage on stderr; `code` only throws them. Helps go to
 * stdout.
 */
export function createProgram(
  rows: readonly CommandRow[],
  terminal: Terminal,
  usageErrors: 'text' | 'code' = 'text',
): Command {
  const program = new Command(terminal.programName)
    .description('Castellan is an OAuth 2.0 and OpenID Connect server with its own policy engine and key manager.')
    .helpCommand(false);
  const stage = { terminal, usageErrors };
  prepare(program, stage);
  for (const one of globalFlags) program.addOption(option(one));
  for (const row of rows) addRow(program, row, stage);
  return program;
}

/** Finds the command that some words name, as far as they name one. */
export function findCommand(program: Command, words: readonly string[]): Command {
  let command = program;
  for (const word of words) {
    const next = command.commands.find((candidate) => candidate.name() === word || candidate.aliases().includes(word));
    if (next === undefined) throw new CommandError(`Unknown help topic: ${words.join(' ')}`, { exitCode: 2 });
    command = next;
  }
  return command;
}

/** Go programs of the time accepted `--dry=false`; commander's switches take no value, so that it is settled before. */
export function settleSwitchValues(rows: readonly CommandRow[], args: readonly string[]): string[] {
  const switches = [...globalFlags, ...rows.flatMap((row) => row.flags ?? [])].filter((one) => one.kind === 'switch');
  const negatable = new Map(switches.map((one) => [longName(one.flags), one.negatable === true]));
  return args.flatMap((arg) => {
    const match = /^(--[a-z-]+)=(true|false|1|0|t|f)$/i.exec(arg);
    const name = match?.[1] ?? '';
    const canBeOff = negatable.get(name);
    if (canBeOff === undefined) return [arg];
    if (/^(true|1|t)$/i.test(match?.[2] ?? '')) return [name];
    return canBeOff ? [name.replace('--', '--no-')] : [];
  });
}

type Stage = { readonly terminal: Terminal; readonly usageErrors: 'text' | 'code' };

function addRow(program: Command, row: CommandRow, stage: Stage): void {
  const words = row.path.split(' ');
  const parent = findCommand(program, words.slice(0, -1));
  const command = parent.command(words.at(-1) ?? '').description(row.summary);
  prepare(command, stage);
  if (row.aliases !== undefined) command.aliases(row.aliases);
  if (row.details !== undefined) command.addHelpText('after', `\n${row.details}`);
  if (row.examples !== undefined) command.addHelpText('after', examplesText(row.examples, stage.terminal.programName));
  if (row.operands !== undefined) command.arguments(row.operands);
  for (const one of row.flags ?? []) {
    command.addOption(option(one));
    if (one.kind === 'switch' && one.negatable === true) command.addOption(negation(one.flags));
  }
  const run = row.run;
  if (run === undefined) return;
  command.action(async () => {
    try {
      await run(createCall(command, stage.terminal));
    } catch (error) {
      if (error instanceof UsageError) command.error(`error: ${error.message}`, { exitCode: 2 });
      throw error;
    }
  });
}

function examplesText(examples: readonly string[], programName: string): string {
  return ['', examples.length > 1 ? 'Examples:' : 'Example:', ...examples.map((one) => `  ${programName} ${one}`)].join(
    '\n',
  );
}

function prepare(command: Command, { terminal, usageErrors }: Stage): void {
  command
    .helpCommand(false)
    .helpOption('-h, --help', 'show this help')
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError(true)
    .allowExcessArguments(false)
    .exitOverride((error) => {
      const asked = error.code === 'commander.helpDisplayed';
      throw new CommanderError(asked ? 0 : 2, error.code, error.message);
    })
    .configureOutput({
      writeOut: (part) => void terminal.stdout.write(part),
      writeErr: (part) => void (usageErrors === 'code' || terminal.stderr.write(part)),
      outputError: (part, write) => write(part.replace(/^error:/, 'Error:')),
    });
}

/** The flag `--no-x`, which `--x=false` becomes. */
function negation(flags: string): Option {
  return new Option(longName(flags).replace('--', '--no-'), `not ${longName(flags)}`).hideHelp();
}

function option(one: Flag): Option {
  const built = new Option(one.flags, one.description);
  if (one.kind === 'switch') return one.hidden === true ? built.hideHelp() : built;
  if (one.kind === 'text') {
    if (one.choices !== undefined) built.argParser(choiceOf(one.choices));
    return one.default !== undefined && one.default !== '' ? built.default(one.default) : built;
  }
  const standard = one.default;
  if (standard !== undefined) built.default(standard, standard.join(','));
  return built.argParser((value: string, previous: readonly string[] | undefined) => {
    try {
      return [...(previous === undefined || previous === standard ? [] : previous), ...parseCsv(value)];
    } catch (error) {
      throw new InvalidArgumentError(errorText(error));
    }
  });
}

function choiceOf(choices: readonly string[]): (value: string) => string {
  return (value) => {
    if (choices.includes(value)) return value;
    throw new InvalidArgumentError(`It must be one of ${choices.join(', ')}.`);
  };
}

function longName(flags: string): string {
  return /--[a-z-]+/.exec(flags)?.[0] ?? flags;
}

function createCall(command: Command, terminal: Terminal): CommandCall {
  const values = command.optsWithGlobals<Record<string, unknown>>();
  const value = (name: string): unknown =>
    values[name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())];
  const has = (name: string): boolean => value(name) === true;
  const textOf = (name: string): string => {
    const found = value(name);
    return typeof found === 'string' ? found : '';
  };
  const dry = has('dry');
  const isJson = textOf('format') === 'json';
  const printDryRun = dry ? (part: string) => void terminal.stdout.write(part) : undefined;
  let http: Promise<HttpClient> | undefined;

  const call: CommandCall = {
    terminal,
    operands: command.args,
    operand: (index) => {
      const found = command.args[index];
      if (found === undefined || found === '') throw new UsageError(`operand ${index + 1} is empty`);
      return found;
    },
    text: textOf,
    list: (name) => (value(name) ?? []) as readonly string[],
    has,
    isGiven: (name) =>
      command.getOptionValueSourceWithGlobals(name.replace(/-([a-z])/g, (_, l: string) => l.toUpperCase())) === 'cli',
    print: (line) => void (dry || terminal.stdout.write(`${printable(line)}\n`)),
    note: (line) => void terminal.stderr.write(`${isJson ? jsonLine({ note: line }) : printable(line)}\n`),
    configPath: configFilePath(terminal, textOf('config')),
    config: () => readCliConfig(terminal, textOf('config')),
    http: () => (http ??= openHttpClient(call)),
    api: async () =>
      createAdminApi({
        http: await call.http(),
        config: await call.config(),
        programName: terminal.programName,
        fakeTlsTermination: has('fake-tls-termination'),
        note: call.note,
        ...(printDryRun !== undefined ? { printDryRun } : {}),
      }),
    printDryRun,
  };
  return call;
}

async function openHttpClient(call: CommandCall): Promise<HttpClient> {
  const { createHttpClient } = await import('./http-client.js');
  const { readFile } = await import('node:fs/promises');
  const skipTlsVerify = call.has('skip-tls-verify');
  if (skipTlsVerify) call.note('Warning: TLS certificates are not verified because of --skip-tls-verify.');
  const caFile = call.text('tls-ca-file') || call.terminal.env['TLS_CA_FILE'] || '';
  const caPem =
    caFile === ''
      ? undefined
      : await readFile(caFile, 'utf8').catch((error: unknown) => {
          throw new CommandError(`Could not open file ${caFile}: ${errorText(error)}`);
        });
  return createHttpClient({
    skipTlsVerify,
    fakeTlsTermination: call.has('fake-tls-termination'),
    ...(caPem !== undefined ? { caPem } : {}),
  });
}
