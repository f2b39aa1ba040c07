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
  /** The same text with its data key wrapped under the secret in use; the text itself is not opened. Throws SealError. */
  rewrap(sealed: Buffer, as: SealedAs): Buffer;
  /** Seals with the secret of this key ID (hexadecimal) from now on. Throws when it is not among the secrets. */
  use(keyId: string): void;
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
 * ciphertext and tag. The first secret seals until `use` names another; all of them open, so that secrets can rotate.
 */
export function createSealer(options: {
  readonly secrets: readonly [string, ...string[]];
  readonly randomBytes: (size: number) => Buffer;
}): Sealer {
  const { randomBytes } = options;
  const wrappingKeys = options.secrets.map((secret) => ({ id: keyId(secret), key: deriveKey(secret, 'kek/v1') }));
  const [first] = wrappingKeys;
  if (first === undefined) throw new Error('a sealer needs a secret');
  let current = first;

  function unwrap(sealed: Buffer, as: SealedAs): Buffer {
    if (sealed.length < HEADER + BOX_OVERHEAD) throw new SealError('the sealed key is cut short');
    const id = sealed.subarray(0, KEY_ID);
    const wrapping = wrappingKeys.find((candidate) => candidate.id.equals(id));
    if (wrapping === undefined) throw new SealError('the key was sealed under another system secret');
    return decrypt(wrapping.key, sealed.subarray(KEY_ID, HEADER), associatedData('data-key', as));
  }

  function wrap(dataKey: Buffer, as: SealedAs): Buffer {
    const wrapped = encrypt(current.key, randomBytes(NONCE), dataKey, associatedData('data-key', as));
    return Buffer.concat([current.id, wrapped]);
  }

  return {
    seal(plaintext, as) {
      const dataKey = randomBytes(DATA_KEY);
      const wrapped = wrap(dataKey, as);
      const text = encrypt(dataKey, randomBytes(NONCE), Buffer.from(plaintext, 'utf8'), associatedData('jwk', as));
      dataKey.fill(0);
      return Buffer.concat([wrapped, text]);
    },
    open(sealed, as) {
      return decrypt(unwrap(sealed, as), sealed.subarray(HEADER), associatedData('jwk', as)).toString('utf8');
    },
    rewrap(sealed, as) {
      return Buffer.concat([wrap(unwrap(sealed, as), as), sealed.subarray(HEADER)]);
    },
    use(wanted) {
      const found = wrappingKeys.find(({ id }) => id.toString('hex') === wanted);
      if (found === undefined) throw new Error('the secret in use is not held');
      current = found;
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
