import { createDecipheriv, createHash } from 'node:crypto';
import { KeyError } from './key-error.js';

const NONCE = 12;
const TAG = 16;

/**
 * Opens a key as Hydra stored it: AES-256-GCM under SHA-256 of the system secret, without associated data, as base64url
 * with padding. Up to 0.9 the nonce stood behind ciphertext and tag, from 0.10 on before them. Answers the text of the
 * JWK. Throws KeyError `malformed` when it does not open; the message repeats nothing of it.
 */
export function openHydraKey(keydata: string, systemSecret: string): string {
  const key = createHash('sha256').update(systemSecret, 'utf8').digest();
  const sealed = Buffer.from(keydata, 'base64url');
  if (sealed.length >= NONCE + TAG) {
    const last = sealed.length - NONCE;
    const layouts = [
      { nonce: sealed.subarray(last), text: sealed.subarray(0, last) },
      { nonce: sealed.subarray(0, NONCE), text: sealed.subarray(NONCE) },
    ];
    for (const { nonce, text } of layouts) {
      const opened = open(key, nonce, text);
      if (opened !== undefined) return opened;
    }
  }
  throw new KeyError('malformed', 'the key does not open with this system secret');
}

function open(key: Buffer, nonce: Buffer, text: Buffer): string | undefined {
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG });
  decipher.setAuthTag(text.subarray(text.length - TAG));
  try {
    const plain = Buffer.concat([decipher.update(text.subarray(0, text.length - TAG)), decipher.final()]);
    return plain.toString('utf8');
  } catch {
    return undefined;
  }
}
