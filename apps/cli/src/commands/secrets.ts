import { randomBytes } from 'node:crypto';
import { flag, type CommandCall, type CommandRow } from '../command.js';
import { otherFormatFlag } from '../format.js';
import { readSecretFromStdin } from '../prompt.js';
import { CommandError, UsageError } from '../terminal.js';

const rotationDetails =
  'To replace the system secret while everything runs:\n' +
  '  1. put a new one before the old: SYSTEM_SECRET=new,old (and what `secrets derive` makes of that), restart each\n' +
  '     replica: all of them know the new one, none uses it yet;\n' +
  '  2. secrets add, and restart token and warden again;\n' +
  '  3. secrets rewrap;\n' +
  '  4. when no token made with the old one is valid any more: secrets retire <key-id>, and take it out of the list.\n' +
  'These commands read SYSTEM_SECRET and DATABASE_URL (or KEYS_, TOKEN_ and WARDEN_DATABASE_URL) and go to the database.';

export const secretsRows: readonly CommandRow[] = [
  { path: 'secrets', summary: 'Make the secrets of the services, and replace them while they run' },
  {
    path: 'secrets generate',
    summary: 'Print a new system secret (csk1_...)',
    examples: ['secrets generate > system-secret'],
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
    examples: ['secrets derive token --secret-stdin < system-secret'],
    flags: [flag('--secret-stdin', 'read the system secret from standard input instead of the environment')],
    run: deriveSecret,
  },
  {
    path: 'secrets status',
    summary: 'Show the system secrets, which one is in use, and what depends on each',
    details: rotationDetails,
    examples: ['secrets status', 'secrets status --format json'],
    flags: [otherFormatFlag],
    run: async (call) => (await import('../secrets/rotate-secrets.js')).printStatus(call),
  },
  {
    path: 'secrets add',
    summary: 'Use the first secret of SYSTEM_SECRET from now on',
    examples: ['secrets add'],
    details: rotationDetails,
    run: async (call) => (await import('../secrets/rotate-secrets.js')).addSecret(call),
  },
  {
    path: 'secrets rewrap',
    summary: 'Seal every key and grant with the secret in use; can be stopped and started again',
    examples: ['secrets rewrap'],
    details: rotationDetails,
    run: async (call) => (await import('../secrets/rotate-secrets.js')).rewrap(call),
  },
  {
    path: 'secrets retire',
    summary: 'Forget a secret on which nothing depends any more',
    details: rotationDetails,
    operands: '<key-id>',
    examples: ['secrets retire 5f0c1d2e'],
    flags: [flag('--tokens-may-die', 'forget it though tokens and client secrets that were made with it stop working')],
    run: async (call) => (await import('../secrets/rotate-secrets.js')).retire(call),
  },
];

async function deriveSecret(call: CommandCall): Promise<void> {
  const service = call.operand(0);
  if (service !== 'token' && service !== 'warden') throw new UsageError(`no secret is derived for ${service}`);
  const { checkSystemSecrets, deriveServiceSecrets } = await import('@castellan/jwk');
  const secret = call.has('secret-stdin')
    ? await readSecretFromStdin(call.terminal)
    : (call.terminal.env['SYSTEM_SECRET'] ?? '');
  const verdict = checkSystemSecrets(secret);
  if (!verdict.ok) throw new CommandError(verdict.error);
  for (const warning of verdict.warnings) call.note(warning);
  call.print(deriveServiceSecrets(secret, service));
}
