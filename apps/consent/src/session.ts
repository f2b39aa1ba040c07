import { randomBytes } from 'node:crypto';
import { EncryptJWT, jwtDecrypt } from 'jose';
import { z } from 'zod';

/** A browser's session. Before somebody signs in it holds an identifier and nothing else. */
export type Session = {
  readonly id: string;
  /** Seconds since the epoch. */
  readonly expiresAt: number;
  readonly login?: {
    readonly subject: string;
    /** Milliseconds since the epoch. */
    readonly at: number;
    /** The challenge for which the password was given. */
    readonly challengeId?: string;
  };
};

const ANONYMOUS_SECONDS = 60 * 60;
const SIGNED_IN_SECONDS = 8 * 60 * 60;

const payloadSchema = z.object({
  sid: z.string().min(16),
  exp: z.number(),
  login: z.object({ subject: z.string(), at: z.number(), challengeId: z.string().optional() }).optional(),
});

/** Makes a session with an identifier of its own; signing in always makes a new one (session fixation). */
export function startSession(now: number, login?: { subject: string; challengeId?: string }): Session {
  const lifetime = login === undefined ? ANONYMOUS_SECONDS : SIGNED_IN_SECONDS;
  return {
    id: randomBytes(16).toString('base64url'),
    expiresAt: Math.floor(now / 1000) + lifetime,
    ...(login !== undefined ? { login: { ...login, at: now } } : {}),
  };
}

/** Seals a session for its cookie: JWE, direct encryption, A256GCM. */
export function sealSession(session: Session, key: Uint8Array): Promise<string> {
  return new EncryptJWT({ sid: session.id, ...(session.login !== undefined ? { login: session.login } : {}) })
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
    .setExpirationTime(session.expiresAt)
    .encrypt(key);
}

/** Opens a cookie; undefined when it is absent, was not sealed with this key, or has expired. */
export async function openSession(
  cookie: string | undefined,
  key: Uint8Array,
  now: number,
): Promise<Session | undefined> {
  if (cookie === undefined) return undefined;
  try {
    const { payload } = await jwtDecrypt(cookie, key, {
      keyManagementAlgorithms: ['dir'],
      contentEncryptionAlgorithms: ['A256GCM'],
      currentDate: new Date(now),
    });
    const { sid, exp, login } = payloadSchema.parse(payload);
    if (login === undefined) return { id: sid, expiresAt: exp };
    const { subject, at, challengeId } = login;
    return { id: sid, expiresAt: exp, login: { subject, at, ...(challengeId !== undefined ? { challengeId } : {}) } };
  } catch {
    return undefined;
  }
}
