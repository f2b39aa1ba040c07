import { createHmac, createPrivateKey, type JsonWebKey, sign } from 'node:crypto';

/** Base64url of a text or bytes. */
export function encodePart(part: string | Buffer): string {
  return Buffer.from(part).toString('base64url');
}

/** A JWT whose header and payload are exactly these texts, signed with an RSA key (PKCS#1 v1.5). */
export function signText(jwk: JsonWebKey, header: string, payload: string, digest = 'sha256'): string {
  const input = `${encodePart(header)}.${encodePart(payload)}`;
  return `${input}.${sign(digest, Buffer.from(input), createPrivateKey({ key: jwk, format: 'jwk' })).toString('base64url')}`;
}

/** A JWT whose signature is an HMAC with any bytes as its key. */
export function hmacText(key: string | Buffer, header: string, payload: string): string {
  const input = `${encodePart(header)}.${encodePart(payload)}`;
  return `${input}.${createHmac('sha256', key).update(input).digest('base64url')}`;
}

/** The claims of a JWT, unverified. */
export function claimsOf(jwt: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;
}

/** The header of a JWT, unverified. */
export function headerOf(jwt: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(jwt.split('.')[0] ?? '', 'base64url').toString()) as Record<string, unknown>;
}
