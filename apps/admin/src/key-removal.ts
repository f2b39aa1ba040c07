import { type CallOptions, type keysV1, MAX_DEADLINE_MS, type RpcClient } from '@castellan/rpc';
import type { FastifyRequest } from 'fastify';

import { callOptionsOf, pathParameter } from './admin-request.js';

type Keys = RpcClient<typeof keysV1.KeysService>;

/** Removes the set that the path names. */
export async function removeKeySet(keys: Keys, request: FastifyRequest): Promise<void> {
  await keys.deleteKeySet({ set: pathParameter(request, 'set') }, patient(request));
}

/** Removes the key that the path names from its set. */
export async function removeKey(keys: Keys, request: FastifyRequest): Promise<void> {
  await keys.deleteKey({ set: pathParameter(request, 'set'), keyId: pathParameter(request, 'key') }, patient(request));
}

/** In the place of a signing key of the product a new one is made at once, and an RSA key takes seconds to find. */
function patient(request: FastifyRequest): CallOptions {
  return { ...callOptionsOf(request), deadlineMs: MAX_DEADLINE_MS };
}
