import { createCipheriv, createDecipheriv } from 'node:crypto';

/** A key that seals cookies, and its public name (4 bytes, in every value made with it). */
export type CookieKey = { readonly id: Buffer; readonly key: Buffer };

const idBytes = 4;
const nonceBytes = 12;
const tagBytes = 16;

/** Content as a cookie's value: AES-256-GCM, the cookie's name as associated data, so that values cannot be swapped. */
export function sealCookie(name: string, content: Buffer, { id, key }: CookieKey, nonce: Buffer): string {
  if (nonce.length !== nonceBytes) throw new Error('a nonce has 12 bytes');
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes });
  cipher.setAAD(Buffer.from(name));
  const sealed = Buffer.concat([cipher.update(content), cipher.final()]);
  return Buffer.concat([id.subarray(0, idBytes), nonce, sealed, cipher.getAuthTag()]).toString('base64url');
}

/** The content of a cookie, `contentBytes` long; undefined when it was not sealed here under that name. */
export function openCookie(
  { name, value }: { readonly name: string; readonly value: string },
  keys: readonly CookieKey[],
  contentBytes: number,
): Buffer | undefined {
  const bytes = Buffer.from(value, 'base64url');
  const sealedBytes = idBytes + nonceBytes + contentBytes + tagBytes;
  if (bytes.length !== sealedBytes || bytes.toString('base64url') !== value) return undefined;
  const named = keys.find(({ id }) => id.subarray(0, idBytes).equals(bytes.subarray(0, idBytes)));
  if (named === undefined) return undefined;
  const nonce = bytes.subarray(idBytes, idBytes + nonceBytes);
  const decipher = createDecipheriv('aes-256-gcm', named.key, nonce, { authTagLength: tagBytes });
  decipher.setAAD(Buffer.from(name));
  decipher.setAuthTag(bytes.subarray(sealedBytes - tagBytes));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(idBytes + nonceBytes, -tagBytes)), decipher.final()]);
  } catch {
    return undefined;
  }
}
