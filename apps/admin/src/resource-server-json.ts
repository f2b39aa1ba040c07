import type { tokenV1 } from '@castellan/rpc';
import { durationSchema as duration } from '@castellan/service';
import { z } from 'zod';

import { jsonObject, textSchema as text } from './json.js';

/** Body of PUT `/resource-servers/{id}`. */
export const resourceServerBodySchema = z.object({
  uri: z.string(),
  name: text,
  scope: text,
  access_token_format: text,
  access_token_lifespan: duration.nullish(),
});

/** Reads a resource server from a body; `id` is the one it is stored under. */
export function resourceServerFromBody(
  body: z.infer<typeof resourceServerBodySchema>,
  id: string,
): tokenV1.ResourceServer {
  return {
    id,
    uri: body.uri,
    name: body.name ?? '',
    scope: body.scope ?? '',
    accessTokenFormat: body.access_token_format ?? '',
    accessTokenLifetimeMs: body.access_token_lifespan ?? 0,
  };
}

/** Writes a resource server; members that are not set are left out. */
export function resourceServerJson(server: tokenV1.ResourceServer): string {
  return jsonObject([
    ['id', JSON.stringify(server.id)],
    ['uri', JSON.stringify(server.uri)],
    ['name', JSON.stringify(server.name)],
    ['scope', JSON.stringify(server.scope)],
    ['access_token_format', server.accessTokenFormat !== '' ? JSON.stringify(server.accessTokenFormat) : undefined],
    [
      'access_token_lifespan',
      server.accessTokenLifetimeMs > 0 ? JSON.stringify(`${server.accessTokenLifetimeMs / 1000}s`) : undefined,
    ],
  ]);
}
