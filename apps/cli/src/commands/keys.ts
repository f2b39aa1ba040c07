import { apiFlags, text, type CommandCall, type CommandRow } from '../command.js';
import { indentedJson } from '../json.js';
import { UsageError } from '../terminal.js';

const failure = 'Could not generate keys';

export const keysRows: readonly CommandRow[] = [
  { path: 'keys', summary: 'Manage JSON Web Key sets', flags: apiFlags },
  {
    path: 'keys create',
    summary: 'Generate a key set and show it, private keys included',
    operands: '<set>',
    flags: [text('-a, --alg <algorithm>', 'algorithm: RS256, ES256, ES512 (alias ES521), EdDSA or HS256 (required)')],
    run: createKeySet,
  },
  { path: 'keys get', summary: 'Show a key set', operands: '<set>', run: getKeySet },
  { path: 'keys delete', summary: 'Delete a key set', operands: '<set>', run: deleteKeySet },
];

async function createKeySet(call: CommandCall): Promise<void> {
  const alg = call.text('alg');
  if (alg === '') throw new UsageError('the flag --alg is required');
  const api = await call.api();
  call.print(indentedJson(await api.post({ failure, path: ['keys', call.operand(0)], json: { alg } })));
}

async function getKeySet(call: CommandCall): Promise<void> {
  const api = await call.api();
  call.print(indentedJson(await api.get({ failure, path: ['keys', call.operand(0)] })));
}

async function deleteKeySet(call: CommandCall): Promise<void> {
  const api = await call.api();
  await api.delete({ failure, path: ['keys', call.operand(0)] });
  call.print('Key set deleted.');
}
