import { createHash, timingSafeEqual } from 'node:crypto';

const codeVerifier = /^[A-Za-z0-9._~-]{43,128}$/;
const codeChallenge = /^[A-Za-z0-9_-]{43}$/;

/** Whether a text can be an S256 code challenge: the one base64url text of 32 bytes (RFC 7636 section 4.2). */
export function isCodeChallenge(text: string): boolean {
  return codeChallenge.test(text) && Buffer.from(text, 'base64url').toString('base64url') === text;
}

/** Whether `verifier` is well-formed and belongs to the S256 challenge (RFC 7636 section 4.6). Constant time. */
export function matchesCodeChallenge(verifier: string, challenge: string): boolean {
  if (!codeVerifier.test(verifier)) return false;
  const computed = createHash('sha256').update(verifier).digest();
  const expected = Buffer.from(challenge, 'base64url');
  return expected.length === computed.length && timingSafeEqual(computed, expected);
}
