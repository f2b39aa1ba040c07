import { flag, text, type CommandCall, type CommandRow } from '../command.js';
import { formatFlag, printFormatted } from '../format.js';
import { CommandError, UsageError } from '../terminal.js';

export const doctorRow: CommandRow = {
  path: 'doctor',
  summary: 'Look at everything that a program stands on, and say what to do',
  examples: ['doctor host --strict --format json'],
  details:
    'The program is host (default), gateway, admin, token, warden or keys; its environment variables are those of this\n' +
    'shell. Looks at settings, databases, schemas, clocks, secrets, keys, certificates, and at the services, Redis and\n' +
    'pages that the settings name; changes nothing. Exit code 1 where something is wrong, with --strict at a warning, too.',
  operands: '[program]',
  flags: [
    formatFlag,
    text('--config-file <path>', 'YAML file of settings (environment: CASTELLAN_CONFIG)', ''),
    flag('--strict', 'exit 1 at a warning, too'),
  ],
  run: doctor,
};

async function doctor(call: CommandCall): Promise<void> {
  const { patients } = await import('../doctor/finding.js');
  const patient = patients.find((name) => name === (call.operands[0] ?? 'host'));
  if (patient === undefined)
    throw new UsageError(`there is no program ${call.operands[0]}; it is ${patients.join(', ')}`);
  const { examine } = await import('../doctor/examine.js');
  const { dataFolder } = await import('../data-folder.js');
  const { settingsOf } = await import('../configuration/settings.js');
  const findings = await examine({
    patient,
    env: settingsOf(call, patient),
    now: Date.now,
    dataFolder: dataFolder(call.terminal),
  });
  if (call.text('format') === 'table') {
    for (const { check, status, finding, advice } of findings) {
      call.print(`${status.padEnd(7)}  ${check}: ${finding}`);
      if (advice !== '') call.print(`         ${advice}`);
    }
  } else await printFormatted(call, findings, ['status', 'check', 'finding', 'advice']);
  const count = (status: string): number => findings.filter((one) => one.status === status).length;
  if (count('error') > 0 || (call.has('strict') && count('warning') > 0)) {
    throw new CommandError(`${count('error')} errors and ${count('warning')} warnings.`);
  }
}
