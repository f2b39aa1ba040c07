import { apiFlags, flag, text, type CommandCall, type CommandRow, type Flag } from '../command.js';
import { formerDocument, withoutSecret, type ClientDocument } from '../clients/client-documents.js';
import { flagsOfClients, membersGiven } from '../clients/client-flags.js';
import { readJsonFile } from '../clients/json-flags.js';
import { listClients } from '../clients/list-clients.js';
import { updateClient } from '../clients/update-client.js';
import { formatOf, otherFormatFlag, printFormatted, printObject, printOr } from '../format.js';
import { indentedJson, members } from '../json.js';
import { givenSecret, noteSecretOnCommandLine, secretFlags } from '../secret-flags.js';
import { printable } from '../terminal.js';

const pageFlags: readonly Flag[] = [
  text('--page-size <number>', 'show one page of so many clients, 1000 at most', '250'),
  text('--page-token <token>', 'show the page that this token of the page before names'),
  text('--name <name>', 'only clients of this name, page by page'),
  text('--owner <owner>', 'only clients of this owner, page by page'),
];

const switchDetails = 'A switch is off when it is absent or has the value false: --skip-consent=false.';

export const clientsRows: readonly CommandRow[] = [
  { path: 'clients', summary: 'Manage OAuth 2.0 clients', flags: apiFlags },
  {
    path: 'clients create',
    summary: 'Create a client',
    details: `Without a secret the server generates one, unless the client is public. ${switchDetails}`,
    examples: [
      'clients create --id shop --name "The shop" --grant-type authorization_code,refresh_token --response-type code ' +
        '--scope openid,offline --redirect-uri https://shop.example/callback',
    ],
    flags: [
      text('--id <id>', 'id of the client; the server makes one when it is absent'),
      ...secretFlags('the client'),
      ...flagsOfClients(true),
      flag('--is-public', 'the client cannot keep a secret, such as a mobile or a browser app'),
      otherFormatFlag,
    ],
    run: createClient,
  },
  {
    path: 'clients get',
    summary: 'Show a client',
    details: 'With --format the client has the members that the admin API has since Hydra 2.0.',
    examples: ['clients get shop', 'clients get shop --format yaml'],
    operands: '<id>',
    flags: [otherFormatFlag],
    run: getClient,
  },
  {
    path: 'clients list',
    summary: 'Show all clients, or a page of them',
    details:
      'With --format the clients have the members that the admin API has since Hydra 2.0. With a flag that asks for a page,\n' +
      'json and yaml are an object of items, next_page_token and is_last_page.',
    examples: ['clients list --format table', 'clients list --page-size 50 --owner web-team --format json'],
    flags: [...pageFlags, otherFormatFlag],
    run: listClients,
  },
  {
    path: 'clients update',
    summary: 'Change the members of a client that are given, and no other',
    details:
      `An empty value removes a member. ${switchDetails}\n` +
      'Nothing is stored when somebody else changed the client between reading and writing (If-Match, RFC 9110).',
    examples: [
      'clients update shop --redirect-uri https://shop.example/callback --skip-consent=false',
      'clients update shop --refresh-token-grant-refresh-token-lifespan 720h',
    ],
    operands: '<id>',
    flags: [...secretFlags('the client'), ...flagsOfClients(false), otherFormatFlag],
    run: updateClient,
  },
  {
    path: 'clients rotate-secret',
    summary: 'Give a client a new secret beside the old one',
    details: 'Without a secret the server generates one.',
    examples: ['clients rotate-secret shop --overlap 48h'],
    operands: '<id>',
    flags: [
      text('--overlap <duration>', 'how long the old secret goes on, such as 24h; 0s ends it at once', '24h'),
      text('--lifetime <duration>', 'how long the new secret goes on; it does not end when this is absent'),
      ...secretFlags('the client'),
      otherFormatFlag,
    ],
    run: rotateSecret,
  },
  {
    path: 'clients end-old-secret',
    summary: 'End the secret that a client had before its last rotation, at once',
    examples: ['clients end-old-secret shop'],
    operands: '<id>',
    flags: [otherFormatFlag],
    run: endOldSecret,
  },
  {
    path: 'clients delete',
    summary: 'Delete clients',
    examples: ['clients delete shop old-shop'],
    operands: '<id...>',
    flags: [otherFormatFlag],
    run: deleteClients,
  },
  {
    path: 'clients import',
    summary: 'Create clients from JSON files',
    details:
      'A file holds a client or a list of clients, with the members of Hydra 0.9 (id) or of Hydra since 2.0 (client_id). The\n' +
      'file - is standard input.',
    examples: ['clients import shop.json blog.json'],
    operands: '<file...>',
    flags: [otherFormatFlag],
    run: importClients,
  },
];

async function createClient(call: CommandCall): Promise<void> {
  const secret = await givenSecret(call);
  const given = await membersGiven(call);
  noteSecretOnCommandLine(call);
  const id = call.text('id');
  const client = {
    ...(id !== '' ? { client_id: id } : {}),
    ...(secret !== undefined ? { client_secret: secret } : {}),
    grant_types: call.list('grant-types'),
    response_types: call.list('response-types'),
    scope: '',
    ...given,
  };
  if (formatOf(call) !== undefined) return printObject(call, await postClient(call, publicDocument(call, client)));
  const created = await postFormerClient(call, formerDocument(client, call.has('is-public')));
  call.print(`Client ID: ${created.id}`);
  const shownSecret = created.secret ?? secret;
  if (shownSecret !== undefined) call.print(`Client Secret: ${shownSecret}`);
}

// Since Hydra 2.0 a public client is one without a method of authentication.
function publicDocument(call: CommandCall, client: ClientDocument): ClientDocument {
  return call.has('is-public') ? { ...client, token_endpoint_auth_method: 'none' } : client;
}

async function getClient(call: CommandCall): Promise<void> {
  const api = await call.api();
  const id = call.operand(0);
  // The words are the original's.
  const failure = 'Could not delete client';
  if (formatOf(call) === undefined) return call.print(indentedJson(await api.get({ failure, path: ['clients', id] })));
  await printObject(call, await api.get({ failure: 'Could not get client', path: ['admin', 'clients', id] }));
}

async function rotateSecret(call: CommandCall): Promise<void> {
  const secret = await givenSecret(call);
  noteSecretOnCommandLine(call);
  const id = call.operand(0);
  const rotation = {
    overlap: call.text('overlap'),
    ...(call.text('lifetime') !== '' ? { lifetime: call.text('lifetime') } : {}),
    ...(secret !== undefined ? { client_secret: secret } : {}),
  };
  const former = formatOf(call) === undefined;
  const api = await call.api();
  const answer = members(
    await api.post({
      failure: 'Could not rotate the secret',
      path: former ? ['clients', id, 'secret'] : ['admin', 'clients', id, 'secrets', 'rotate'],
      json: rotation,
      shown: withoutSecret(rotation),
    }),
  );
  if (!former) return printObject(call, answer);
  call.print(`Client ID: ${id}`);
  call.print(`Client Secret: ${printable(String(answer['client_secret'] ?? ''))}`);
}

async function endOldSecret(call: CommandCall): Promise<void> {
  const api = await call.api();
  const id = call.operand(0);
  const path = ['admin', 'clients', id, 'secrets', 'rotate'];
  const client = await api.deleteAndRead({ failure: 'Could not end the old secret', path });
  await printOr(call, () => call.print(`The old secret of client ${id} is ended.`), client);
}

async function deleteClients(call: CommandCall): Promise<void> {
  const api = await call.api();
  for (let index = 0; index < call.operands.length; index++) {
    await api.delete({ failure: 'Could not delete client', path: ['clients', call.operand(index)] });
  }
  const deleted = call.operands.map((id) => ({ client_id: id }));
  await printOr(call, () => call.print('Client(s) deleted.'), deleted, ['client_id']);
}

async function importClients(call: CommandCall): Promise<void> {
  const imported: unknown[] = [];
  for (const path of call.operands) {
    const content = await readJsonFile(path, call.terminal);
    for (const client of [content].flat()) {
      const created = await importClient(call, members(client));
      imported.push(created.client);
      if (formatOf(call) === undefined)
        call.print(`Imported client ${created.id}:${created.secret ?? ''} from ${path}.`);
    }
  }
  if (formatOf(call) !== undefined) await printFormatted(call, imported, ['client_id', 'client_name', 'client_secret']);
}

type Created = { readonly id: string; readonly secret: string | undefined; readonly client: unknown };

async function importClient(call: CommandCall, client: ClientDocument): Promise<Created> {
  const created = client['client_id'] === undefined ? await postFormerClient(call, client) : undefined;
  const answer = created?.client ?? (await postClient(call, client));
  const { client_id, client_secret } = members(answer);
  const secret = client_secret ?? client['client_secret'];
  return {
    id: created?.id ?? printable(String(client_id ?? '')),
    secret: created?.secret ?? (typeof secret === 'string' ? printable(secret) : undefined),
    client: created === undefined ? answer : { client_id: created.id, ...members(answer) },
  };
}

async function postClient(call: CommandCall, client: ClientDocument): Promise<unknown> {
  const api = await call.api();
  const failure = 'Could not create client';
  return api.post({ failure, path: ['admin', 'clients'], json: client, shown: withoutSecret(client) });
}

/** Creates a client through the API of Hydra 0.9. */
async function postFormerClient(call: CommandCall, client: ClientDocument): Promise<Created> {
  const api = await call.api();
  const answer = members(
    await api.post({
      failure: 'Could not create client',
      path: ['clients'],
      json: client,
      shown: withoutSecret(client),
    }),
  );
  const secret = answer['client_secret'];
  return {
    id: printable(String(answer['id'] ?? '')),
    secret: typeof secret === 'string' && secret !== '' ? printable(secret) : undefined,
    client: answer,
  };
}
