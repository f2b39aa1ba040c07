import type { keysV1 } from '@castellan/rpc';
import { z } from 'zod';

import { objectSchema, textSchema } from './json.js';

/** Body of POST `/keys/{set}`; the original's CLI sends a member `keys` with it, which is ignored. */
export const generateBodySchema = z.object({ alg: textSchema, kid: textSchema });

/** Body of PUT `/keys/{set}`. */
export const keySetBodySchema = z.object({ keys: z.array(objectSchema) });

/** Body of PUT `/keys/{set}/{kid}`. */
export const keyBodySchema = objectSchema;

/** Body of POST `/key-imports/{set}`: one of `pem` and `pkcs12`. */
export const importBodySchema = z.object({
  kid: textSchema,
  alg: textSchema,
  pem: textSchema,
  pkcs12: z.base64().nullish(),
  passphrase: textSchema,
});

/** Writes a JWK Set (RFC 7517 section 5) of keys as the key manager gave them. */
export function keySetJson(keys: readonly keysV1.Jwk[]): string {
  return `{"keys":[${keys.map((key) => key.json).join(',')}]}`;
}

/** Members that only a private or symmetric key has (RFC 7518 section 6, RFC 8037 section 2). */
const SECRET_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

/** Whether a JWK as JSON text holds anything that is not public. */
export function holdsSecret(json: string): boolean {
  const jwk: unknown = JSON.parse(json);
  return typeof jwk !== 'object' || jwk === null || SECRET_MEMBERS.some((member) => Object.hasOwn(jwk, member));
}
