import { createHmac, timingSafeEqual } from 'node:crypto';

/** What a form may be used for: it is of no use in another session, for another challenge, or at another URL. */
export type FormPurpose = { readonly sessionId: string; readonly action: string; readonly challenge: string };

/** Makes the hidden value of a form against cross-site request forgery (RFC 9700 section 4.7). */
export function makeFormToken(key: Uint8Array, purpose: FormPurpose): string {
  const text = JSON.stringify([purpose.sessionId, purpose.action, purpose.challenge]);
  return createHmac('sha256', key).update(text).digest('base64url');
}

/** Whether the value came from a form that this app made for this purpose. */
export function isFormToken(key: Uint8Array, purpose: FormPurpose, value: string): boolean {
  const expected = Buffer.from(makeFormToken(key, purpose));
  const given = Buffer.from(value);
  return given.length === expected.length && timingSafeEqual(given, expected);
}
