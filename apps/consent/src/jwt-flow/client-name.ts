import type { AppContext } from '../app-context.js';
import { clientView } from '../pages/client-view.js';
import type { Client } from '../pages/page-data.js';

/** The client as a page shows it: by its name, where it has one that may be read, and its id. */
export async function describeClient({ keys, pages }: AppContext, clientId: string): Promise<Client> {
  const name = await keys.getClientName(clientId);
  return clientView({ client_id: clientId, ...(name !== undefined ? { client_name: name } : {}) }, pages);
}
