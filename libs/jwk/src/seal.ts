import { createCipheriv, createDecipheriv } from 'node:crypto';
import { deriveKey, keyId } from './secrets.js';

/** What a sealed key is bound to: moved to another row, or with a column changed, it does not open. */
export type SealedAs = {
  readonly set: string;
  readonly kid: string;
  readonly version: number;
  readonly part: string;
  readonly algorithm: string;
  readonly use: string;
};

/** A sealed text cannot be opened: it was moved, changed or cut, or was sealed under a secret that is not known. */
export class SealError extends Error {
  override name = 'SealError';
}

/** Seals texts for the store and opens them again. */
export type Sealer = {
  seal(plaintext: string, as: SealedAs): Buffer;
  /** Throws SealError. */
  open(sealed: Buffer, as: SealedAs): string;
};

const KEY_ID = 4;
const NONCE = 12;
const TAG = 16;
const DATA_KEY = 32;
const BOX_OVERHEAD = NONCE + TAG;
const HEADER = KEY_ID + DATA_KEY + BOX_OVERHEAD;

/**
 * Makes a sealer (AES-256-GCM envelope): each text has a random data key of its own, wrapped by a key that HKDF derives
 * from a system secret. Sealed: 4 bytes key ID of the secret, the wrapped data key, the text; both boxes are nonce,
 * ciphertext and tag. The first secret seals; all of them open, so that secrets can rotate.
 */
export function createSealer(options: {
  readonly secrets: readonly [string, ...string[]];
  readonly randomBytes: (size: number) => Buffer;
}): Sealer {
  const { randomBytes } = options;
  const wrappingKeys = options.secrets.map((secret) => ({ id: keyId(secret), key: deriveKey(secret, 'kek/v1') }));
  const current = wrappingKeys[0];
  if (current === undefined) throw new Error('a sealer needs a secret');

  return {
    seal(plaintext, as) {
      const dataKey = randomBytes(DATA_KEY);
      const wrapped = encrypt(current.key, randomBytes(NONCE), dataKey, associatedData('data-key', as));
      const text = encrypt(dataKey, randomBytes(NONCE), Buffer.from(plaintext, 'utf8'), associatedData('jwk', as));
      dataKey.fill(0);
      return Buffer.concat([current.id, wrapped, text]);
    },
    open(sealed, as) {
      if (sealed.length < HEADER + BOX_OVERHEAD) throw new SealError('the sealed key is cut short');
      const id = sealed.subarray(0, KEY_ID);
      const wrapping = wrappingKeys.find((candidate) => candidate.id.equals(id));
      if (wrapping === undefined) throw new SealError('the key was sealed under another system secret');
      const dataKey = decrypt(wrapping.key, sealed.subarray(KEY_ID, HEADER), associatedData('data-key', as));
      return decrypt(dataKey, sealed.subarray(HEADER), associatedData('jwk', as)).toString('utf8');
    },
  };
}

function encrypt(key: Buffer, nonce: Buffer, plaintext: Buffer, associated: Buffer): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG });
  cipher.setAAD(associated);
  return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

function decrypt(key: Buffer, box: Buffer, associated: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, box.subarray(0, NONCE), { authTagLength: TAG });
  decipher.setAAD(associated);
  decipher.setAuthTag(box.subarray(box.length - TAG));
  try {
    return Buffer.concat([decipher.update(box.subarray(NONCE, box.length - TAG)), decipher.final()]);
  } catch {
    throw new SealError('the sealed key was moved or changed');
  }
}

// Each field preceded by its length, so that no two different sequences of fields give the same bytes.
function associatedData(box: string, as: SealedAs): Buffer {
  const fields = [box, as.set, as.kid, String(as.version), as.part, as.algorithm, as.use];
  return Buffer.concat(
    fields.flatMap((field) => {
      const bytes = Buffer.from(field, 'utf8');
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    }),
  );
}
