import { EncryptJWT, jwtDecrypt } from 'jose';
import type { z } from 'zod';

/** Seals a value for a cookie: JWE, direct encryption, A256GCM. Ends at `expiresAt` (seconds since the epoch). */
export function seal(value: Record<string, unknown>, expiresAt: number, key: Uint8Array): Promise<string> {
  return new EncryptJWT({ value })
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
    .setExpirationTime(expiresAt)
    .encrypt(key);
}

/** Opens a cookie; undefined when it is absent, was not sealed with this key, has expired, or holds something else. */
export async function open<T>(
  cookie: string | undefined,
  schema: z.ZodType<T>,
  { key, now }: { readonly key: Uint8Array; readonly now: number },
): Promise<T | undefined> {
  if (cookie === undefined) return undefined;
  try {
    const { payload } = await jwtDecrypt(cookie, key, {
      keyManagementAlgorithms: ['dir'],
      contentEncryptionAlgorithms: ['A256GCM'],
      currentDate: new Date(now),
    });
    return schema.parse(payload['value']);
  } catch {
    return undefined;
  }
}
