import type { AdminApi } from '../admin-api.js';
import type { CommandCall } from '../command.js';
import { formatOf, printFormatted, printObject } from '../format.js';
import { indentedJson } from '../json.js';
import { nextPageToken } from '../page-link.js';
import { UsageError } from '../terminal.js';

const failure = 'Could not list clients';
const columns = ['client_id', 'client_name', 'grant_types', 'response_types', 'scope', 'redirect_uris', 'owner'];
const pageFlags = ['page-size', 'page-token', 'name', 'owner'];

type Page = { readonly items: readonly unknown[]; readonly next_page_token: string; readonly is_last_page: boolean };

/** The command `clients list`: all clients as Hydra 0.9 showed them, all in another format, or one page. */
export async function listClients(call: CommandCall): Promise<void> {
  const api = await call.api();
  if (pageFlags.some((name) => call.isGiven(name)))
    return printPage(call, await readPage(call, api, call.text('page-token')));
  if (formatOf(call) === undefined) return call.print(indentedJson(await api.get({ failure, path: ['clients'] })));
  const clients: unknown[] = [];
  for (let token = ''; ;) {
    const page = await readPage(call, api, token);
    clients.push(...page.items);
    token = page.next_page_token;
    if (page.is_last_page) break;
  }
  await printFormatted(call, clients, columns);
}

async function printPage(call: CommandCall, page: Page): Promise<void> {
  if (formatOf(call) === undefined) return call.print(indentedJson(page));
  if (formatOf(call) !== 'table') return printObject(call, page);
  await printFormatted(call, page.items, columns);
  if (!page.is_last_page) call.note(`There are more: --page-token ${page.next_page_token}`);
}

async function readPage(call: CommandCall, api: AdminApi, pageToken: string): Promise<Page> {
  const size = call.text('page-size');
  if (!/^[1-9]\d{0,3}$/.test(size)) throw new UsageError('--page-size must be a number from 1 to 1000');
  const query = {
    page_size: size,
    ...(pageToken !== '' ? { page_token: pageToken } : {}),
    ...(call.text('name') !== '' ? { client_name: call.text('name') } : {}),
    ...(call.text('owner') !== '' ? { owner: call.text('owner') } : {}),
  };
  const { value, headers } = await api.getWithHeaders({ failure, path: ['admin', 'clients'], query });
  const next = nextPageToken(headers);
  return { items: Array.isArray(value) ? value : [], next_page_token: next, is_last_page: next === '' };
}
