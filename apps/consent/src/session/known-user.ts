import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type AppContext, profileToKeep } from '../app-context.js';
import type { User } from '../connectors/connector.js';
import { cookieOptions } from './browser-session.js';
import { open, seal } from './sealed-cookie.js';
import { profileSchema } from './session.js';

/**
 * What an upstream provider said of somebody whose login is remembered. It lets nobody in: the authorization server says
 * whose session goes on, and this says what that person is called.
 */
export type KnownUser = z.infer<typeof knownUserSchema>;

const knownUserSchema = z.object({ subject: z.string(), profile: profileSchema });

/** Reads it from the browser; undefined where there is none. */
export function readKnownUser(context: AppContext, request: FastifyRequest): Promise<KnownUser | undefined> {
  const cookie = request.cookies[cookieName(context)];
  return open(cookie, knownUserSchema, { key: context.keysOfCookies.session, now: context.now() });
}

/** Hands it to the browser, for as long as the login is remembered; takes it away where the user needs none. */
export async function keepKnownUser(context: AppContext, reply: FastifyReply, user: User): Promise<void> {
  const profile = profileToKeep(context, user);
  if (profile === undefined) return;
  const seconds = context.rememberSeconds.login;
  const expiresAt = Math.floor(context.now() / 1000) + seconds;
  const sealed = await seal({ subject: user.subject, profile }, expiresAt, context.keysOfCookies.session);
  reply.setCookie(cookieName(context), sealed, { ...cookieOptions(context), maxAge: seconds });
}

/** Takes it from the browser. */
export function forgetKnownUser(context: AppContext, reply: FastifyReply): void {
  reply.clearCookie(cookieName(context), cookieOptions(context));
}

function cookieName(context: AppContext): string {
  return context.secureCookies ? '__Host-castellan_consent_user' : 'castellan_consent_user';
}
