import { type Jwk, KeyError, writePublicPem } from '@castellan/jwk';
import type { keysV1 } from '@castellan/rpc';

import { badRequest } from './admin-error.js';

/** The public part of a key as PEM text. Throws HttpError 400 for a symmetric key, which has none. */
export function publicPem({ json }: keysV1.Jwk): string {
  try {
    return writePublicPem(JSON.parse(json) as Jwk);
  } catch (cause) {
    if (cause instanceof KeyError) throw badRequest(cause.message);
    throw cause;
  }
}
