import { text, type CommandCall, type CommandRow } from '../command.js';
import { CommandError, UsageError } from '../terminal.js';
import type { ProgramName } from '../configuration/variables.js';

const configFile = text('--config-file <path>', 'YAML file of settings (environment: CASTELLAN_CONFIG)', '');
const programs = 'gateway, admin, token, warden, keys, host, migrate or consent';

export const configRows: readonly CommandRow[] = [
  { path: 'config', summary: 'Look at the environment variables of a program before it starts' },
  {
    path: 'config check',
    summary: 'Say which variables are missing, wrong or misspelt',
    examples: ['config check host'],
    details: `The program is ${programs}. Exit code 1 when something is wrong; no value is shown.`,
    operands: '<program>',
    flags: [configFile],
    run: checkConfig,
  },
  {
    path: 'config print',
    summary: 'Print the variables that are set, without secrets',
    examples: ['config print host'],
    details: `The program is ${programs}.`,
    operands: '<program>',
    flags: [configFile],
    run: printConfig,
  },
  {
    path: 'config reference',
    summary: 'Print the reference of all variables as Markdown',
    examples: ['config reference > configuration.md'],
    run: async (call) => {
      const { configurationReference } = await import('../configuration/reference.js');
      call.print(configurationReference().trimEnd());
    },
  },
];

async function programOf(call: CommandCall): Promise<ProgramName> {
  const { isProgramName } = await import('../configuration/effective.js');
  const name = call.operand(0);
  if (!isProgramName(name)) throw new UsageError(`there is no program ${name}; it is ${programs}`);
  return name;
}

async function checkConfig(call: CommandCall): Promise<void> {
  const { checkVariables } = await import('../configuration/effective.js');
  const { settingsOf } = await import('../configuration/settings.js');
  const program = await programOf(call);
  const findings = checkVariables(program, settingsOf(call, program));
  for (const { text } of findings) call.note(text);
  if (findings.length > 0) throw new CommandError('The configuration cannot be used as it stands.');
  call.print('Every variable that is set can be used.');
}

async function printConfig(call: CommandCall): Promise<void> {
  const { setVariables } = await import('../configuration/effective.js');
  const { settingsOf } = await import('../configuration/settings.js');
  const program = await programOf(call);
  for (const { name, shown } of setVariables(program, settingsOf(call, program))) call.print(`${name}=${shown}`);
}
