import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AppContext } from '../app-context.js';
import { Failure } from '../failure.js';
import { isFormToken, makeFormToken } from './form-token.js';
import { openSession, sealSession, type Session, startSession } from './session.js';

/** The form that a token belongs to. */
export type FormAction = '/login' | '/consent' | '/logout' | '/account/grants' | '/account/sessions';

/** The session of the browser; undefined when it brought none that is valid. */
export function readSession(context: AppContext, request: FastifyRequest): Promise<Session | undefined> {
  return openSession(request.cookies[cookieName(context)], context.keysOfCookies.session, context.now());
}

/** The session of the browser; a new one, in which nobody is signed in, where it brought none. */
export async function ensureSession(
  context: AppContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Session> {
  const known = await readSession(context, request);
  if (known !== undefined) return known;
  const session = startSession(context.now());
  await writeSession(context, reply, session);
  return session;
}

/** Hands a session to the browser: HttpOnly, SameSite=Lax, gone when the browser closes. */
export async function writeSession(context: AppContext, reply: FastifyReply, session: Session): Promise<void> {
  reply.setCookie(
    cookieName(context),
    await sealSession(session, context.keysOfCookies.session),
    cookieOptions(context),
  );
}

/** Takes the session from the browser. */
export function clearSession(context: AppContext, reply: FastifyReply): void {
  reply.clearCookie(cookieName(context), cookieOptions(context));
}

/** The hidden value of a form; `about` is what the form decides on, such as a challenge. */
export function formToken(context: AppContext, session: Session, action: FormAction, about: string): string {
  return makeFormToken(context.keysOfCookies.form, { sessionId: session.id, action, challenge: about });
}

/** The session of a form that this browser was given for this purpose; undefined for any other form. */
export async function sessionOfForm(
  context: AppContext,
  request: FastifyRequest,
  form: { readonly action: FormAction; readonly about: string; readonly token: string },
): Promise<Session | undefined> {
  const session = await readSession(context, request);
  if (session === undefined) return undefined;
  const purpose = { sessionId: session.id, action: form.action, challenge: form.about };
  return isFormToken(context.keysOfCookies.form, purpose, form.token) ? session : undefined;
}

/** A form that was made for another session, or long ago. Nothing has happened. */
export function staleForm(): Failure {
  return new Failure({ status: 403, key: 'staleForm' });
}

export function cookieOptions(context: AppContext): {
  path: string;
  httpOnly: true;
  sameSite: 'lax';
  secure: boolean;
} {
  return { path: '/', httpOnly: true, sameSite: 'lax', secure: context.secureCookies };
}

function cookieName(context: AppContext): string {
  return context.secureCookies ? '__Host-castellan_consent' : 'castellan_consent';
}
