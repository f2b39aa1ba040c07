import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';
import type { Grant, RowKey } from '../grant.js';

/** What a grant says about people beyond the columns that statements ask for: it lies sealed in the database. */
export type GrantSession = Pick<
  Grant,
  'accessTokenExtra' | 'idTokenExtra' | 'nonce' | 'userinfoClaims' | 'subjectIdentifier' | 'unregisteredAudience'
>;

/** A sealed session cannot be opened: it was moved, changed or cut, or was sealed under a secret that is not held. */
export class SessionSealError extends Error {
  override name = 'SessionSealError';
}

/** Seals the sessions of grants for the store and opens them again. */
export interface SessionSeal {
  /** The session of that family: `<key id, hexadecimal>.<base64url>`. */
  seal(session: GrantSession, family: RowKey): string;
  /** Throws SessionSealError. */
  open(sealed: string, family: RowKey): GrantSession;
}

/** A key of the purpose, and the public name of the secret that it was derived from. */
export type SessionKey = { readonly id: Buffer; readonly key: Buffer };

const nonceBytes = 12;
const tagBytes = 16;

/**
 * Sessions under AES-256-GCM. The first key seals, all of them open. Each family has a key of its own, made from the
 * purpose's key and the family's name: a session in the row of another family does not open, and no key sees enough
 * nonces for two to meet. The name is associated data as well, with the id of the key.
 */
export function createSessionSeal(options: {
  readonly keys: readonly [SessionKey, ...SessionKey[]];
  readonly randomBytes: (n: number) => Buffer;
}): SessionSeal {
  const { keys, randomBytes } = options;
  return {
    seal({ accessTokenExtra, idTokenExtra, nonce, userinfoClaims, subjectIdentifier, unregisteredAudience }, family) {
      const [{ id, key }] = keys;
      const session = {
        accessTokenExtra,
        idTokenExtra,
        nonce,
        userinfoClaims,
        subjectIdentifier,
        unregisteredAudience,
      };
      const text = JSON.stringify(session);
      const iv = randomBytes(nonceBytes);
      const cipher = createCipheriv('aes-256-gcm', keyOf(key, family), iv, { authTagLength: tagBytes });
      cipher.setAAD(associatedData(id, family));
      const box = Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return `${id.toString('hex')}.${box.toString('base64url')}`;
    },

    open(sealed, family) {
      const [name = '', body = ''] = sealed.split('.');
      const found = keys.find(({ id }) => id.toString('hex') === name);
      if (found === undefined) throw new SessionSealError('the session was sealed under another secret');
      const box = Buffer.from(body, 'base64url');
      const end = box.length - tagBytes;
      if (end < nonceBytes) throw new SessionSealError('the session is cut short');
      const decipher = createDecipheriv('aes-256-gcm', keyOf(found.key, family), box.subarray(0, nonceBytes), {
        authTagLength: tagBytes,
      });
      decipher.setAAD(associatedData(found.id, family));
      decipher.setAuthTag(box.subarray(end));
      return JSON.parse(opened(decipher, box.subarray(nonceBytes, end))) as GrantSession;
    },
  };
}

function opened(decipher: ReturnType<typeof createDecipheriv>, text: Buffer): string {
  try {
    return Buffer.concat([decipher.update(text), decipher.final()]).toString('utf8');
  } catch {
    throw new SessionSealError('the session was moved or changed');
  }
}

function keyOf(purposeKey: Buffer, family: RowKey): Buffer {
  return createHmac('sha256', purposeKey).update(nameOf(family)).digest();
}

function associatedData(keyId: Buffer, family: RowKey): Buffer {
  return Buffer.concat([keyId, Buffer.from(nameOf(family))]);
}

// A bucket is a number: the two parts cannot be cut elsewhere.
function nameOf({ bucket, id }: RowKey): string {
  return `token.family/${bucket}/${id}`;
}
