import { createHmac } from 'node:crypto';
import type { Client } from './client.js';
import { sectorOf } from './openid-registration.js';

/** The `sub` by which a client knows a subject (OpenID Connect Core section 8). */
export type SubjectIdentifier = (client: Pick<Client, 'openid' | 'redirectUris'>, subject: string) => string;

/**
 * Makes subject identifiers: the subject itself, or for clients registered as pairwise a keyed hash that is the same
 * for all clients of a sector and tells nothing to any other. `key` must never change: the identifiers depend on it.
 */
export function createSubjectIdentifier(key: Buffer): SubjectIdentifier {
  return (client, subject) => {
    if (client.openid?.subjectType !== 'pairwise') return subject;
    return createHmac('sha256', key)
      .update(`${sectorOf(client)}\0${subject}`)
      .digest('base64url');
  };
}
