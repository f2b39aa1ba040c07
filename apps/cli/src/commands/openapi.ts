import { text, type CommandCall, type CommandRow } from '../command.js';
import { indentedJson } from '../json.js';
import { printable, UsageError } from '../terminal.js';

export const openapiRow: CommandRow = {
  path: 'openapi',
  examples: ['openapi host --format yaml > openapi.yaml'],
  summary: 'Print the OpenAPI 3.1 document of an HTTP API',
  details:
    'The API is admin, gateway (the public endpoints), or host (both on one origin). The same document is served at ' +
    '/openapi.json: by the admin API always, on a public origin where PUBLIC_OPENAPI is on.',
  operands: '<api>',
  flags: [text('--format <format>', 'json or yaml', 'json')],
  run: printOpenapi,
};

async function printOpenapi(call: CommandCall): Promise<void> {
  const { apiNamed } = await import('../host/host-api.js');
  const { openapiOf } = await import('@castellan/service');
  const api = apiNamed(call.operand(0));
  if (api === undefined) throw new UsageError(`there is no API ${call.operand(0)}; it is admin, gateway or host`);
  switch (call.text('format')) {
    case 'json':
      return call.print(indentedJson(openapiOf(api)));
    case 'yaml': {
      const { stringify } = await import('yaml');
      return call.print(printable(stringify(openapiOf(api), { aliasDuplicateObjects: false })).trimEnd());
    }
    default:
      throw new UsageError('the flag --format must be json or yaml');
  }
}
