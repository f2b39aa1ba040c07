import { createCipheriv, createDecipheriv } from 'node:crypto';

/** Seals JSON values for single rows of the database, and opens them again. */
export type JsonSeal = {
  /** The value, bound to the row: `<key id, hexadecimal>.<base64url>`. */
  seal(value: unknown, row: string): string;
  /** The value; undefined when it was moved or changed, or sealed under a secret that is not held any more. */
  open(sealed: string, row: string): unknown;
};

const nonceBytes = 12;
const tagBytes = 16;

/** JSON under AES-256-GCM, the row's name as associated data. The first key seals, all of them open. */
export function createJsonSeal(options: {
  readonly keys: readonly [{ readonly id: Buffer; readonly key: Buffer }, ...{ id: Buffer; key: Buffer }[]];
  readonly randomBytes: (size: number) => Buffer;
}): JsonSeal {
  const { keys, randomBytes } = options;
  return {
    seal(value, row) {
      const [{ id, key }] = keys;
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes });
      cipher.setAAD(Buffer.from(row));
      const text = cipher.update(JSON.stringify(value), 'utf8');
      const box = Buffer.concat([nonce, text, cipher.final(), cipher.getAuthTag()]);
      return `${id.toString('hex')}.${box.toString('base64url')}`;
    },
    open(sealed, row) {
      const [name = '', body = ''] = sealed.split('.');
      const key = keys.find(({ id }) => id.toString('hex') === name)?.key;
      const box = Buffer.from(body, 'base64url');
      const end = box.length - tagBytes;
      if (key === undefined || end < nonceBytes) return undefined;
      const nonce = box.subarray(0, nonceBytes);
      const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes });
      decipher.setAAD(Buffer.from(row));
      decipher.setAuthTag(box.subarray(end));
      try {
        const text = Buffer.concat([decipher.update(box.subarray(nonceBytes, end)), decipher.final()]);
        return JSON.parse(text.toString('utf8')) as unknown;
      } catch {
        return undefined;
      }
    },
  };
}
