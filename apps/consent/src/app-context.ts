import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AuthorizationServer } from './authorization-server.js';
import { type Challenge, verifyChallenge } from './challenge.js';
import type { Connector, User } from './connector.js';
import { displayText } from './display-text.js';
import { badRequest, Failure } from './failure.js';
import { isFormToken, makeFormToken } from './form-token.js';
import type { LoginThrottle } from './login-throttle.js';
import type { Client, PageData, Pages } from './pages.js';
import { openSession, sealSession, type Session } from './session.js';

export type LogLevel = 'info' | 'warn' | 'error';
export type Log = (level: LogLevel, message: string, fields?: Readonly<Record<string, string | number>>) => void;

/** What every route works with. */
export type AppContext = {
  readonly server: AuthorizationServer;
  readonly connector: Connector;
  readonly throttle: LoginThrottle;
  readonly pages: Pages;
  readonly sessionKey: Uint8Array;
  readonly formKey: Uint8Array;
  readonly secureCookies: boolean;
  readonly serverUrl: string;
  /** Whether the users are the shipped demo user, whose password may be shown. */
  readonly demo: boolean;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly log: Log;
};

/** The form that a token belongs to. */
export type FormAction = '/login' | '/consent' | '/logout';

/** The session of the browser; undefined when it brought none that is valid. */
export function readSession(context: AppContext, request: FastifyRequest): Promise<Session | undefined> {
  return openSession(request.cookies[cookieName(context)], context.sessionKey, context.now());
}

/** Hands a session to the browser: HttpOnly, SameSite=Lax, gone when the browser closes. */
export async function writeSession(context: AppContext, reply: FastifyReply, session: Session): Promise<void> {
  reply.setCookie(cookieName(context), await sealSession(session, context.sessionKey), cookieOptions(context));
}

/** Takes the session from the browser. */
export function clearSession(context: AppContext, reply: FastifyReply): void {
  reply.clearCookie(cookieName(context), cookieOptions(context));
}

/** Who is signed in, and since when; undefined when nobody is, or the user is gone. */
export async function signedIn(
  context: AppContext,
  session: Session | undefined,
): Promise<{ user: User; at: number } | undefined> {
  if (session?.login === undefined) return undefined;
  const user = await context.connector.find(session.login.subject);
  return user === undefined ? undefined : { user, at: session.login.at };
}

/** Reads and verifies a challenge; throws a Failure that can be shown. */
export async function readChallenge(context: AppContext, jwt: string): Promise<Challenge> {
  const key = await context.server.getKey('hydra.consent.challenge', 'public');
  return verifyChallenge(jwt, key, context.now());
}

/** The client as a page shows it: by its name, where it has one that may be read, and its id. */
export async function describeClient(context: AppContext, clientId: string): Promise<Client> {
  const name = displayText((await context.server.getClientName(clientId)) ?? '');
  return { id: displayText(clientId), name: name === '' ? undefined : name };
}

export function formToken(context: AppContext, session: Session, action: FormAction, challenge: string): string {
  return makeFormToken(context.formKey, { sessionId: session.id, action, challenge });
}

/** The session of a form that this browser was given for this challenge; undefined for any other form. */
export async function sessionOfForm(
  context: AppContext,
  request: FastifyRequest,
  form: { readonly action: FormAction; readonly challenge: string; readonly token: string },
): Promise<Session | undefined> {
  const session = await readSession(context, request);
  if (session === undefined) return undefined;
  const purpose = { sessionId: session.id, action: form.action, challenge: form.challenge };
  return isFormToken(context.formKey, purpose, form.token) ? session : undefined;
}

/** A form that was made for another session, or long ago. Nothing has happened. */
export function staleForm(): Failure {
  return new Failure({
    status: 403,
    title: 'This form is out of date',
    message: 'It was opened a while ago, or in another session. Nothing has been done.',
    advice: 'Go back, reload the page and try again. This app needs cookies.',
  });
}

export function missingChallenge(): Failure {
  return badRequest(
    'Nothing to decide',
    'This page is part of signing in to an application, and was opened without a consent challenge.',
    'Start at the application that you want to use.',
  );
}

export function sendPage<Page extends keyof PageData>(
  context: AppContext,
  reply: FastifyReply,
  page: Page,
  data: PageData[Page],
  status = 200,
): FastifyReply {
  return reply.code(status).type('text/html; charset=utf-8').send(context.pages.render(page, data));
}

function cookieName(context: AppContext): string {
  return context.secureCookies ? '__Host-castellan_consent' : 'castellan_consent';
}

function cookieOptions(context: AppContext): { path: string; httpOnly: true; sameSite: 'lax'; secure: boolean } {
  return { path: '/', httpOnly: true, sameSite: 'lax', secure: context.secureCookies };
}
