import { readFile } from 'node:fs/promises';
import { apiFlags, flag, list, text, type CommandCall, type CommandRow } from '../command.js';
import { logoutFlags, logoutMembersOf } from '../clients/logout-flags.js';
import { secretPlaceholder } from '../dry-run.js';
import { indentedJson, members } from '../json.js';
import { givenSecret, secretOnCommandLine } from '../secret-flags.js';
import { CommandError, errorText, printable } from '../terminal.js';

export const clientsRows: readonly CommandRow[] = [
  { path: 'clients', summary: 'Manage OAuth 2.0 clients', flags: apiFlags },
  {
    path: 'clients create',
    summary: 'Create a client',
    details: 'Without a secret the server generates one.',
    flags: [
      text('--id <id>', 'id of the client; the server makes one when it is absent'),
      text('-n, --name <name>', 'name of the client'),
      text('--secret <secret>', 'secret of the client (visible to other users of this machine; prefer --secret-stdin)'),
      flag('--secret-stdin', 'read the secret of the client from standard input'),
      list('-c, --callbacks <urls>', 'redirect URIs'),
      list('-g, --grant-types <types>', 'grant types', ['authorization_code']),
      list('-r, --response-types <types>', 'response types', ['code']),
      list('-a, --allowed-scopes <scopes>', 'scopes the client may ask for'),
      flag('--is-public', 'the client cannot keep a secret, such as a mobile or a browser app'),
      ...logoutFlags,
    ],
    run: createClient,
  },
  { path: 'clients get', summary: 'Show a client', operands: '<id>', run: getClient },
  { path: 'clients list', summary: 'Show all clients', run: listClients },
  {
    path: 'clients rotate-secret',
    summary: 'Give a client a new secret beside the old one',
    details: 'Without a secret the server generates one.',
    operands: '<id>',
    flags: [
      text('--overlap <duration>', 'how long the old secret goes on, such as 24h; 0s ends it at once', '24h'),
      text('--lifetime <duration>', 'how long the new secret goes on; it does not end when this is absent'),
      text('--secret <secret>', 'secret of the client (visible to other users of this machine; prefer --secret-stdin)'),
      flag('--secret-stdin', 'read the secret of the client from standard input'),
    ],
    run: rotateSecret,
  },
  { path: 'clients delete', summary: 'Delete clients', operands: '<id...>', run: deleteClients },
  { path: 'clients import', summary: 'Create clients from JSON files', operands: '<file...>', run: importClients },
];

async function createClient(call: CommandCall): Promise<void> {
  const secret = await givenSecret(call);
  if (call.isGiven('secret')) call.print(secretOnCommandLine);
  const client = {
    ...(call.text('id') !== '' ? { id: call.text('id') } : {}),
    client_name: call.text('name'),
    ...(secret !== undefined ? { client_secret: secret } : {}),
    redirect_uris: call.list('callbacks'),
    grant_types: call.list('grant-types'),
    response_types: call.list('response-types'),
    scope: call.list('allowed-scopes').join(' '),
    public: call.has('is-public'),
    ...logoutMembersOf(call),
  };
  const created = await postClient(call, client);
  call.print(`Client ID: ${created.id}`);
  const shownSecret = created.secret ?? secret;
  if (shownSecret !== undefined) call.print(`Client Secret: ${shownSecret}`);
}

async function getClient(call: CommandCall): Promise<void> {
  const api = await call.api();
  const client = await api.get({ failure: 'Could not delete client', path: ['clients', call.operand(0)] });
  call.print(indentedJson(client));
}

async function listClients(call: CommandCall): Promise<void> {
  const api = await call.api();
  call.print(indentedJson(await api.get({ failure: 'Could not list clients', path: ['clients'] })));
}

async function rotateSecret(call: CommandCall): Promise<void> {
  const secret = await givenSecret(call);
  if (call.isGiven('secret')) call.print(secretOnCommandLine);
  const rotation = {
    overlap: call.text('overlap'),
    ...(call.text('lifetime') !== '' ? { lifetime: call.text('lifetime') } : {}),
  };
  const api = await call.api();
  const answer = members(
    await api.post({
      failure: 'Could not rotate the secret',
      path: ['clients', call.operand(0), 'secret'],
      json: { ...rotation, ...(secret !== undefined ? { client_secret: secret } : {}) },
      shown: { ...rotation, ...(secret !== undefined ? { client_secret: secretPlaceholder } : {}) },
    }),
  );
  call.print(`Client ID: ${call.operand(0)}`);
  call.print(`Client Secret: ${printable(String(answer['client_secret'] ?? ''))}`);
}

async function deleteClients(call: CommandCall): Promise<void> {
  const api = await call.api();
  for (let index = 0; index < call.operands.length; index++) {
    await api.delete({ failure: 'Could not delete client', path: ['clients', call.operand(index)] });
  }
  call.print('Client(s) deleted.');
}

async function importClients(call: CommandCall): Promise<void> {
  for (const path of call.operands) {
    const client = await readJsonFile(path);
    const created = await postClient(call, client);
    const secret = created.secret ?? members(client)['client_secret'];
    call.print(`Imported client ${created.id}:${typeof secret === 'string' ? secret : ''} from ${path}.`);
  }
}

async function postClient(call: CommandCall, client: unknown): Promise<{ id: string; secret: string | undefined }> {
  const api = await call.api();
  const hasSecret = members(client)['client_secret'] !== undefined;
  const answer = members(
    await api.post({
      failure: 'Could not create client',
      path: ['clients'],
      json: client,
      shown: hasSecret ? { ...members(client), client_secret: secretPlaceholder } : client,
    }),
  );
  const secret = answer['client_secret'];
  return {
    id: printable(String(answer['id'] ?? '')),
    secret: typeof secret === 'string' && secret !== '' ? printable(secret) : undefined,
  };
}

/** The JSON value of a file. Throws CommandError in the words of the 2017 command line. */
export async function readJsonFile(path: string): Promise<unknown> {
  const content = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new CommandError(`Could not open file ${path}: ${errorText(error)}`);
  });
  try {
    return JSON.parse(content) as unknown;
  } catch (error) {
    throw new CommandError(`Could not parse JSON: ${errorText(error)}`);
  }
}
