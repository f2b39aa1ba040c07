import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { AppContext } from './app-context.js';
import { type Authentication, AuthenticationRefused, type RedirectConnector } from './connectors/connector.js';
import { badGateway, badRequest, Failure } from './failure.js';
import { completeLogin, type LoginOutcome, readBrowser, showLogin } from './login.http.js';
import { readLoginArrival } from './login-arrival.js';
import { parse } from './request-fields.js';
import { cookieOptions, sessionOfForm } from './session/browser-session.js';
import { open, seal } from './session/sealed-cookie.js';

const PATH = '/login/upstream';
const CALLBACK = '/login/upstream/callback';
const KEPT_SECONDS = 10 * 60;
/** Browsers refuse cookies beyond 4096 bytes. */
const MAX_COOKIE_BYTES = 3800;

const formSchema = z.object({ csrf: z.string().default(''), remember: z.string().optional() });
const answerSchema = z.object({ state: z.string().max(200).default('') });

/** What is kept in the browser while somebody signs in elsewhere; sealed, and bound to the browser. */
const keptSchema = z.object({
  state: z.string(),
  nonce: z.string(),
  codeVerifier: z.string(),
  maxAge: z.number().optional(),
  browser: z.string(),
  remember: z.boolean(),
  /** Query of the login that this is for. */
  query: z.string(),
});
type Kept = z.infer<typeof keptSchema>;

/** POST /login/upstream and its callback: signing in at an upstream OpenID provider. */
export function registerUpstream(app: FastifyInstance, context: AppContext): void {
  const { upstream } = context.connectors;
  if (upstream === undefined) return;

  app.post(PATH, async (request, reply) => {
    const browser = await readBrowser(context, request, reply);
    const arrival = await readLoginArrival(context, request.query, browser);
    if (arrival.kind === 'answered') return reply.redirect(arrival.redirectTo, 303);
    const { purpose } = arrival;
    const { csrf, remember } = parse(formSchema, request.body);
    const refuse = (error: LoginOutcome['error'], status: number): Promise<FastifyReply> =>
      showLogin(context, { request, reply, session: browser.session }, purpose, {
        status,
        error,
        login: '',
        remember: remember !== undefined,
      });
    const session = await sessionOfForm(context, request, { action: '/login', about: purpose.about, token: csrf });
    if (session === undefined) return refuse({ key: 'login.stale' }, 403);
    const begun = await upstream.begin(purpose.request, context.publicUrl() + CALLBACK).catch((cause: unknown) => {
      context.log('warn', 'upstream provider not reachable', { cause: String(cause) });
      return undefined;
    });
    if (begun === undefined) return refuse({ key: 'login.upstreamUnreachable' }, 502);
    const kept = { ...begun.kept, browser: session.browser, remember: remember !== undefined, query: purpose.query };
    await keep(context, reply, kept);
    return reply.redirect(begun.url, 303);
  });

  app.get(CALLBACK, async (request, reply) => {
    const { state } = parse(answerSchema, request.query);
    const browser = await readBrowser(context, request, reply);
    const kept = await takeBack(context, request, reply, state);
    if (kept === undefined || kept.browser !== browser.session.browser) throw badRequest('upstreamStale');
    const arrival = await readLoginArrival(context, queryOf(kept.query), browser);
    if (arrival.kind === 'answered') return reply.redirect(arrival.redirectTo, 303);
    const { purpose } = arrival;
    const authentication = await finish(context, upstream, request, kept);
    if (authentication === undefined) {
      const outcome = { status: 401, error: { key: 'login.upstreamRefused' }, login: '', remember: kept.remember };
      return showLogin(context, { request, reply, session: browser.session }, purpose, outcome);
    }
    const login = { purpose, authentication, remember: kept.remember, browser: kept.browser };
    return reply.redirect(await completeLogin(context, reply, login), 303);
  });
}

/** Who signed in there; undefined where nobody did, which the log explains. */
async function finish(
  context: AppContext,
  upstream: RedirectConnector,
  request: FastifyRequest,
  kept: Kept,
): Promise<Authentication | undefined> {
  try {
    const { state, nonce, codeVerifier, maxAge } = kept;
    const answer = new URL(request.url, context.publicUrl());
    return await upstream.finish(answer, { state, nonce, codeVerifier, ...(maxAge !== undefined ? { maxAge } : {}) });
  } catch (error) {
    if (!(error instanceof AuthenticationRefused)) throw badGateway('upstreamUnreachable', {}, error);
    const cause = error.cause instanceof Error ? error.cause.name : '';
    context.log('warn', 'upstream login failed', { address: request.ip, reason: error.message, cause });
    return undefined;
  }
}

async function keep(context: AppContext, reply: FastifyReply, kept: Kept): Promise<void> {
  const expiresAt = Math.floor(context.now() / 1000) + KEPT_SECONDS;
  const sealed = await seal({ ...kept }, expiresAt, context.keysOfCookies.upstream);
  // A signed challenge of 0.9 holds a whole authorization request, of any length.
  if (sealed.length > MAX_COOKIE_BYTES) throw new Failure({ status: 400, key: 'requestTooLong' });
  reply.setCookie(cookieName(context, kept.state), sealed, { ...cookieOptions(context), maxAge: KEPT_SECONDS });
}

/** Each answer is taken once: the cookie goes with it. */
async function takeBack(
  context: AppContext,
  request: FastifyRequest,
  reply: FastifyReply,
  state: string,
): Promise<Kept | undefined> {
  const name = cookieName(context, state);
  const key = context.keysOfCookies.upstream;
  const kept = await open(request.cookies[name], keptSchema, { key, now: context.now() });
  reply.clearCookie(name, cookieOptions(context));
  return kept?.state === state ? kept : undefined;
}

/** A cookie for each login under way, so that parallel tabs do not meet. */
function cookieName(context: AppContext, state: string): string {
  const name = `castellan_upstream_${state.replace(/[^\w-]/g, '').slice(0, 12)}`;
  return context.secureCookies ? `__Host-${name}` : name;
}

function queryOf(query: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(query));
}
