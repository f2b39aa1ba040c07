import { apiFlags, list, text, type CommandCall, type CommandRow } from '../command.js';
import { otherFormatFlag, printOr } from '../format.js';
import { indentedJson } from '../json.js';

export const resourceServersRows: readonly CommandRow[] = [
  { path: 'resource-servers', summary: 'Manage the resource servers that tokens are issued for', flags: apiFlags },
  {
    path: 'resource-servers put',
    summary: 'Create or replace a resource server',
    examples: ['resource-servers put photos --uri https://photos.example/ --scopes read,write'],
    operands: '<id>',
    flags: [
      text('--uri <uri>', 'its resource indicator (RFC 8707)'),
      text('-n, --name <name>', 'name of the resource server'),
      list('--scopes <scopes>', 'scopes that tokens for it may hold; any when absent'),
      text('--access-token-format <format>', 'opaque, jwt or stateless-jwt; as for the client when absent'),
      text('--access-token-lifespan <duration>', 'how long tokens for it live at most, such as 15m'),
      otherFormatFlag,
    ],
    run: putResourceServer,
  },
  {
    path: 'resource-servers list',
    summary: 'Show all resource servers',
    examples: ['resource-servers list --format table'],
    flags: [otherFormatFlag],
    run: listResourceServers,
  },
  {
    path: 'resource-servers delete',
    summary: 'Delete a resource server',
    examples: ['resource-servers delete photos'],
    operands: '<id>',
    flags: [otherFormatFlag],
    run: deleteResourceServer,
  },
];

async function putResourceServer(call: CommandCall): Promise<void> {
  const api = await call.api();
  const [format, lifespan] = [call.text('access-token-format'), call.text('access-token-lifespan')];
  const stored = await api.put({
    failure: 'Could not store the resource server',
    path: ['resource-servers', call.operand(0)],
    json: {
      uri: call.text('uri'),
      name: call.text('name'),
      scope: call.list('scopes').join(' '),
      ...(format !== '' ? { access_token_format: format } : {}),
      ...(lifespan !== '' ? { access_token_lifespan: lifespan } : {}),
    },
  });
  await printOr(call, () => call.print(indentedJson(stored)), stored);
}

async function listResourceServers(call: CommandCall): Promise<void> {
  const api = await call.api();
  const servers = await api.get({ failure: 'Could not list resource servers', path: ['resource-servers'] });
  await printOr(call, () => call.print(indentedJson(servers)), servers, ['id', 'uri', 'name', 'scope']);
}

async function deleteResourceServer(call: CommandCall): Promise<void> {
  const api = await call.api();
  const id = call.operand(0);
  await api.delete({ failure: 'Could not delete the resource server', path: ['resource-servers', id] });
  await printOr(call, () => call.print(`Resource server ${id} deleted.`), { deleted: id });
}
