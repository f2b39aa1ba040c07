import type { tokenV1 } from '@castellan/rpc';

import { clientJson } from './client-json.js';

/** A client with its id under the name that today's SDKs read it by. */
export function sdkClientJson(client: tokenV1.Client): string {
  return clientJson(client).replace(/^\{"id":/, '{"client_id":');
}
