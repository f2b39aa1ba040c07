import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * What a text that names a pending request is for. A challenge goes to the app in the user's browser, a verifier comes
 * from the app through the admin API and proves at the return that the app has decided.
 */
export type ChallengeKind =
  | 'login_challenge'
  | 'login_verifier'
  | 'consent_challenge'
  | 'consent_verifier'
  /** Level L2: one consent request for login and consent together. */
  | 'consent_request'
  | 'consent_csrf'
  | 'logout_challenge'
  | 'logout_verifier';

/** Makes and reads the texts by which pending requests travel: 64 characters, whatever the kind. */
export type ChallengeText = {
  /** The text of that kind for the request of that id: 32 bytes, base64url. */
  write(kind: ChallengeKind, id: string): string;
  /** The id that a text of that kind names; undefined for anything that was not made here for that kind. Reads nothing. */
  read(kind: ChallengeKind, text: string): string | undefined;
};

const idBytes = 32;
const macBytes = 16;
const shape = /^[A-Za-z0-9_-]{64}$/;

/**
 * Challenges and verifiers: the id of the stored request and a MAC over kind and id. What is stored is the id alone, so a
 * reader of the table has no text that works; garbage dies before any read; one kind is never taken for another. The
 * first key writes, all of them read.
 */
export function createChallengeText(options: { readonly keys: readonly [Buffer, ...Buffer[]] }): ChallengeText {
  const [first] = options.keys;
  return {
    write(kind, id) {
      const bytes = Buffer.from(id, 'base64url');
      if (bytes.length !== idBytes) throw new Error('a request id has 32 bytes');
      return Buffer.concat([bytes, macOf(first, kind, bytes)]).toString('base64url');
    },
    read(kind, text) {
      if (!shape.test(text)) return undefined;
      const bytes = Buffer.from(text, 'base64url');
      const [id, mac] = [bytes.subarray(0, idBytes), bytes.subarray(idBytes)];
      const made = options.keys.some((key) => timingSafeEqual(macOf(key, kind, id), mac));
      return made ? id.toString('base64url') : undefined;
    },
  };
}

function macOf(key: Buffer, kind: ChallengeKind, id: Buffer): Buffer {
  return createHmac('sha256', key).update(`${kind}\0`).update(id).digest().subarray(0, macBytes);
}
