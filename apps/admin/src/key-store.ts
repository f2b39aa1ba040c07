import type { keysV1, RpcClient } from '@castellan/rpc';
import type { FastifyRequest } from 'fastify';

import { callOptionsOf, pathParameter, readBody } from './admin-request.js';
import { keyBodySchema, keySetBodySchema } from './key-json.js';

type Keys = RpcClient<typeof keysV1.KeysService>;

/** Puts the JWK Set of the body in the place of the set that the path names, and answers what is stored. */
export async function storeKeySet(keys: Keys, request: FastifyRequest): Promise<keysV1.Jwk[]> {
  const body = readBody(request, keySetBodySchema);
  const stored = await keys.putKeySet(
    { set: pathParameter(request, 'set'), keys: body.keys.map((key) => JSON.stringify(key)) },
    callOptionsOf(request),
  );
  return stored.keys;
}

/** Puts the JWK of the body in the place of the key that the path names, and answers the JSON that is stored. */
export async function storeKey(keys: Keys, request: FastifyRequest): Promise<string> {
  const { key } = await keys.putKey(
    {
      set: pathParameter(request, 'set'),
      keyId: pathParameter(request, 'key'),
      key: JSON.stringify(readBody(request, keyBodySchema)),
    },
    callOptionsOf(request),
  );
  if (key === undefined) throw new Error('the key manager stored a key and answered none');
  return key.json;
}
