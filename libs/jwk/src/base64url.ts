/**
 * Decodes base64url without padding (RFC 7515 section 2) and accepts the one canonical spelling only: no padding, no
 * white space, no stray trailing bits. Answers undefined for anything else.
 */
export function decodeBase64url(text: string): Buffer | undefined {
  if (text.length % 4 === 1) return undefined;
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}
