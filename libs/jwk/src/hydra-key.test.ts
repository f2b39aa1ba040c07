import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { openHydraKey } from './hydra-key.js';

const secret = 'the system secret of an old Hydra';
const jwk = '{"use":"sig","kty":"RSA","kid":"public","n":"AQAB","e":"AQAB"}';

function seal(order: 'nonce last' | 'nonce first'): Buffer {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', createHash('sha256').update(secret).digest(), nonce);
  const text = Buffer.concat([cipher.update(jwk), cipher.final(), cipher.getAuthTag()]);
  return Buffer.concat(order === 'nonce last' ? [text, nonce] : [nonce, text]);
}

/** URL-safe base64 with padding, as Go's base64.URLEncoding writes it. */
function encode(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}

describe('a key that Hydra stored', () => {
  it.each(['nonce last', 'nonce first'] as const)('opens with its system secret, %s', (order) => {
    for (let run = 0; run < 20; run++) expect(openHydraKey(encode(seal(order)), secret)).toBe(jwk);
  });

  it('does not open with another secret, nor changed or cut, and the error shows nothing of it', () => {
    const sealed = seal('nonce last');
    expect(() => openHydraKey(encode(sealed), `${secret}!`)).toThrow(/^the key does not open with this system secret$/);
    for (let index = 0; index < sealed.length; index += 7) {
      const changed = Buffer.from(sealed);
      changed.writeUInt8(changed.readUInt8(index) ^ 1, index);
      expect(() => openHydraKey(encode(changed), secret)).toThrow('does not open');
      expect(() => openHydraKey(encode(sealed.subarray(0, index)), secret)).toThrow('does not open');
    }
  });
});
