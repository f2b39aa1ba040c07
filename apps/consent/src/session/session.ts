import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { open, seal } from './sealed-cookie.js';

/** A browser's session with this app. Before somebody signs in it holds two identifiers and nothing else. */
export type Session = {
  readonly id: string;
  /** Names the browser; stays the same when the session changes, so that tabs do not disturb each other. */
  readonly browser: string;
  /** Seconds since the epoch. */
  readonly expiresAt: number;
  readonly login?: SessionLogin;
};

export type SessionLogin = {
  readonly subject: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** The challenge for which the user signed in. */
  readonly challengeId?: string;
  /** What is known of a user whom no connector can look up again. */
  readonly profile?: Profile;
};

export type Profile = z.infer<typeof profileSchema>;

export const profileSchema = z.object({
  name: z.string(),
  nickname: z.string(),
  email: z.string(),
  emailVerified: z.boolean(),
});

const ANONYMOUS_SECONDS = 60 * 60;
export const SIGNED_IN_SECONDS = 8 * 60 * 60;

const sessionSchema = z.object({
  id: z.string().min(16),
  browser: z.string().min(16),
  expiresAt: z.number(),
  login: z
    .object({
      subject: z.string(),
      at: z.number(),
      challengeId: z.string().optional(),
      profile: profileSchema.optional(),
    })
    .optional(),
});

/** Makes a session with an identifier of its own; signing in always makes a new one (session fixation). */
export function startSession(now: number, login?: Omit<SessionLogin, 'at'>, browser?: string): Session {
  const lifetime = login === undefined ? ANONYMOUS_SECONDS : SIGNED_IN_SECONDS;
  return {
    id: randomBytes(16).toString('base64url'),
    browser: browser ?? randomBytes(16).toString('base64url'),
    expiresAt: Math.floor(now / 1000) + lifetime,
    ...(login !== undefined ? { login: { ...login, at: now } } : {}),
  };
}

/** Seals a session for its cookie. */
export function sealSession(session: Session, key: Uint8Array): Promise<string> {
  return seal({ ...session }, session.expiresAt, key);
}

/** Opens a cookie; undefined when it is absent, was not sealed with this key, or has expired. */
export async function openSession(
  cookie: string | undefined,
  key: Uint8Array,
  now: number,
): Promise<Session | undefined> {
  return (await open(cookie, sessionSchema, { key, now })) as Session | undefined;
}
