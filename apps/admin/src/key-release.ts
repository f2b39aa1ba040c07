import type { keysV1, RpcClient } from '@castellan/rpc';
import { HttpError } from '@castellan/service';
import type { FastifyRequest } from 'fastify';

import { unlessAbsent } from './access-facts.js';
import { isPublicKeyName } from './access-questions.js';
import { grantOf } from './access.guard.js';
import { notFound } from './admin-error.js';
import { callOptionsOf, pathParameter } from './admin-request.js';
import { holdsSecret } from './key-json.js';

type KeyReads = Pick<RpcClient<typeof keysV1.KeysService>, 'getKey' | 'getKeySet'>;

/** Reads the key of the path while it has the name that the guard asked about. This, and not the question, is audited. */
export async function releaseKey(keys: KeyReads, request: FastifyRequest): Promise<readonly keysV1.Jwk[]> {
  const asked = { ...allowedBy(request), keyId: pathParameter(request, 'key') };
  const key = (await unlessAbsent(keys.getKey(asked, callOptionsOf(request))))?.key;
  return readable(request, key === undefined ? [] : [key]);
}

/** The same for every key of a set. */
export async function releaseKeySet(keys: KeyReads, request: FastifyRequest): Promise<readonly keysV1.Jwk[]> {
  const found = await unlessAbsent(keys.getKeySet(allowedBy(request), callOptionsOf(request)));
  return readable(request, found?.keys ?? []);
}

function allowedBy(request: FastifyRequest): { readonly set: string; readonly allowed: keysV1.AllowedNames } {
  return { set: pathParameter(request, 'set'), allowed: { resourceNames: [...grantOf(request).keyNames] } };
}

/** The second wall: what policies call public must be public. */
function readable(request: FastifyRequest, keys: readonly keysV1.Jwk[]): readonly keysV1.Jwk[] {
  if (keys.length === 0) {
    throw notFound();
  }
  const { anonymous } = grantOf(request);
  for (const key of keys) {
    if ((anonymous || isPublicKeyName(key.resourceName)) && holdsSecret(key.json)) {
      throw new HttpError(403, 'The request is not allowed');
    }
  }
  return keys;
}
