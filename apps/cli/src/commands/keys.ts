import { otherFormatFlag, printOr } from '../format.js';
import { apiFlags, flag, text, type CommandCall, type CommandRow } from '../command.js';
import { indentedJson, members } from '../json.js';
import { UsageError } from '../terminal.js';

const failure = 'Could not generate keys';

export const keysRows: readonly CommandRow[] = [
  { path: 'keys', summary: 'Manage JSON Web Key sets', flags: apiFlags },
  {
    path: 'keys create',
    summary: 'Generate a key set and show it, private keys included',
    examples: ['keys create my-keys --alg ES256'],
    operands: '<set>',
    flags: [
      text(
        '-a, --alg <algorithm>',
        'algorithm: RS256, PS256, ES256, ES512 (alias ES521), EdDSA, HS256 and their kin (required)',
      ),
      otherFormatFlag,
    ],
    run: createKeySet,
  },
  {
    path: 'keys get',
    summary: 'Show a key set',
    operands: '<set>',
    examples: ['keys get my-keys --format yaml'],
    flags: [otherFormatFlag],
    run: getKeySet,
  },
  {
    path: 'keys import',
    summary: 'Bring a key along: a JWK, PEM or PKCS #12 file, with its certificates',
    operands: '<set> <file>',
    examples: ['keys import my-keys key.pem --alg ES256'],
    flags: [
      text('--key-id <id>', 'ID of the key; its thumbprint, or that of the JWK, when absent'),
      text('-a, --alg <algorithm>', 'the one algorithm of the key'),
      flag('--passphrase-stdin', 'read what opens the file from standard input'),
      otherFormatFlag,
    ],
    run: async (call) => (await import('../keys/transport.js')).importKey(call),
  },
  {
    path: 'keys export',
    summary: 'Show the public part of a key, with its certificates',
    details: 'Without a key ID the current key of the set.',
    operands: '<set> [key-id]',
    examples: ['keys export my-keys --format pem --out key.pem'],
    flags: [
      text('--format <format>', 'jwk or pem', 'jwk'),
      text('-o, --out <file>', 'write it to a file instead of standard output'),
    ],
    run: async (call) => (await import('../keys/transport.js')).exportKey(call),
  },
  {
    path: 'keys plan',
    summary: 'Show the life of the signing keys: what signs, what will, and when',
    examples: ['keys plan', 'keys plan --format json'],
    flags: [otherFormatFlag],
    run: async (call) => {
      const { printPlan } = await import('../keys/rotation.js');
      await printPlan(call);
    },
  },
  {
    path: 'keys rotate',
    summary: 'Publish the next signing key of a set; it signs when every verifier can know it',
    examples: ['keys rotate hydra.openid.id-token'],
    details:
      'With --emergency all keys of the set are thrown away and a fresh one signs at once. That breaks what was signed\n' +
      'before, and what is signed from then on for as long as verifiers keep the JWK Set they have.',
    operands: '<set>',
    flags: [
      text('-a, --alg <algorithm>', 'algorithm of the new key (default is what the server is configured with)'),
      flag('--emergency', 'a key may be known to somebody else: throw all keys of the set away, now'),
      flag('--yes', 'do not ask before an emergency rotation'),
      otherFormatFlag,
    ],
    run: async (call) => {
      const { rotate } = await import('../keys/rotation.js');
      await rotate(call);
    },
  },
  {
    path: 'keys import-hydra',
    summary: 'Take over the keys of a Hydra 0.9 to 0.11 from its database',
    details:
      'Reads HYDRA_SYSTEM_SECRET, the system secret of that Hydra, and as `secrets status` SYSTEM_SECRET and DATABASE_URL.\n' +
      'Can be repeated: keys that are there already are left alone.',
    operands: '<hydra-database-url>',
    examples: ['keys import-hydra postgres://hydra@db/hydra'],
    flags: [flag('--secret-stdin', "read Hydra's system secret from standard input instead of the environment")],
    run: async (call) => {
      const { importFromHydra } = await import('../keys/import-hydra.js');
      await importFromHydra(call);
    },
  },
  {
    path: 'keys delete',
    summary: 'Delete a key set',
    operands: '<set>',
    examples: ['keys delete my-keys'],
    flags: [otherFormatFlag],
    run: deleteKeySet,
  },
];

async function createKeySet(call: CommandCall): Promise<void> {
  const alg = call.text('alg');
  if (alg === '') throw new UsageError('the flag --alg is required');
  const api = await call.api();
  const set = await api.post({ failure, path: ['keys', call.operand(0)], json: { alg } });
  await printOr(call, () => call.print(indentedJson(set)), keysOf(set), keyColumns);
}

async function getKeySet(call: CommandCall): Promise<void> {
  const api = await call.api();
  const set = await api.get({ failure, path: ['keys', call.operand(0)] });
  await printOr(call, () => call.print(indentedJson(set)), keysOf(set), keyColumns);
}

const keyColumns = ['kid', 'kty', 'alg', 'use'];

/** The keys of a JWK Set, which is a list where a format is asked for; private members are in json and yaml alone. */
function keysOf(set: unknown): unknown {
  return members(set)['keys'];
}

async function deleteKeySet(call: CommandCall): Promise<void> {
  const api = await call.api();
  const set = call.operand(0);
  await api.delete({ failure, path: ['keys', set] });
  await printOr(call, () => call.print('Key set deleted.'), { deleted: set });
}
