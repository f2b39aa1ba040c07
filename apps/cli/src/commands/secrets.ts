import { randomBytes } from 'node:crypto';
import { flag, type CommandCall, type CommandRow } from '../command.js';
import { readSecretFromStdin } from '../prompt.js';
import { CommandError, UsageError } from '../terminal.js';

export const secretsRows: readonly CommandRow[] = [
  { path: 'secrets', summary: 'Make the secrets of the services' },
  {
    path: 'secrets generate',
    summary: 'Print a new system secret (csk1_...)',
    run: async (call) => {
      const { generateSystemSecret } = await import('@castellan/jwk');
      call.print(generateSystemSecret(randomBytes));
    },
  },
  {
    path: 'secrets derive',
    summary: 'Print the secret of a separate service, derived from SYSTEM_SECRET',
    details: 'Only the keys service holds SYSTEM_SECRET itself; token and warden get TOKEN_SECRET and WARDEN_SECRET.',
    operands: '<token|warden>',
    flags: [flag('--secret-stdin', 'read the system secret from standard input instead of the environment')],
    run: deriveSecret,
  },
];

async function deriveSecret(call: CommandCall): Promise<void> {
  const service = call.operand(0);
  if (service !== 'token' && service !== 'warden') throw new UsageError(`no secret is derived for ${service}`);
  const { checkSystemSecret, deriveServiceSecret } = await import('@castellan/jwk');
  const secret = call.has('secret-stdin')
    ? await readSecretFromStdin(call.terminal)
    : (call.terminal.env['SYSTEM_SECRET'] ?? '');
  const verdict = checkSystemSecret(secret);
  if (!verdict.ok) throw new CommandError(verdict.error);
  for (const warning of verdict.warnings) call.note(warning);
  call.print(deriveServiceSecret(secret, service));
}
