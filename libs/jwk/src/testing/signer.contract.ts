import { verify, createPublicKey, createSecretKey, createHmac, type JsonWebKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { schemeOf } from '../algorithm.js';
import { type Jwk, publicPart } from '../jwk.js';
import { signJws } from '../jws-sign.js';
import { verifyJws } from '../jws-verify.js';
import type { Signer } from '../signer.js';

/** A signer to be judged, with the key that must verify what it signs: the public one, or the secret. */
export type SignerUnderTest = { readonly signer: Signer; readonly verifier: Jwk };

/** The contract of Signer as a test suite, for the algorithms that the signer claims to serve. */
export function signerContract(
  name: string,
  algorithms: readonly string[],
  open: (algorithm: string) => Promise<SignerUnderTest>,
): void {
  describe.each(algorithms)(`signer: ${name}, %s`, (algorithm) => {
    /** Judged by node:crypto alone, which shares nothing with our verifier. */
    function holds(input: Buffer, signature: Buffer, { signer, verifier }: SignerUnderTest): boolean {
      const { digest, kty } = signer.algorithm;
      if (kty === 'oct') {
        const key = createSecretKey(Buffer.from(verifier.k ?? '', 'base64url'));
        return createHmac(digest ?? '', key)
          .update(input)
          .digest()
          .equals(signature);
      }
      const key = createPublicKey({ key: publicPart(verifier) as JsonWebKey, format: 'jwk' });
      return verify(digest ?? null, input, { key, ...schemeOf(signer.algorithm) }, signature);
    }

    it('signs for its one algorithm, in the form and length of JWS', async () => {
      const subject = await open(algorithm);
      expect(subject.signer.algorithm.name).toBe(algorithm);
      for (const input of [Buffer.alloc(0), Buffer.from('x'), Buffer.alloc(100_000, 7)]) {
        const signature = await subject.signer.sign(input);
        expect(holds(input, signature, subject)).toBe(true);
        const { signatureLength } = subject.signer.algorithm;
        if (signatureLength !== undefined) expect(signature).toHaveLength(signatureLength);
        expect(holds(Buffer.concat([input, Buffer.from('!')]), signature, subject)).toBe(false);
      }
    });

    it('makes a JWS that our verifier accepts under this algorithm and under no other', async () => {
      const { signer, verifier } = await open(algorithm);
      const jws = await signJws('{"a":1}', signer, { kid: 'k' });
      const named = { ...verifier, kid: 'k', alg: algorithm };
      expect(verifyJws(jws, [named], { algorithms: [algorithm] }).payload.toString()).toBe('{"a":1}');
      const others = algorithms.filter((other) => other !== algorithm);
      expect(() => verifyJws(jws, [named], { algorithms: others })).toThrow();
    });

    it('signs many texts at once, each its own', async () => {
      const subject = await open(algorithm);
      const inputs = Array.from({ length: 32 }, (_, index) => Buffer.from(`text ${index}`));
      const signatures = await Promise.all(inputs.map((input) => subject.signer.sign(input)));
      for (const [index, input] of inputs.entries()) {
        expect(holds(input, signatures[index] ?? Buffer.alloc(0), subject)).toBe(true);
      }
    });

    it('shows nothing of its key', async () => {
      const { signer } = await open(algorithm);
      expect(Object.keys(signer).toSorted()).toEqual(['algorithm', 'sign']);
      expect(JSON.stringify(signer)).not.toMatch(/"(d|p|q|dp|dq|qi|k)":/);
    });
  });
}
