import type { LoginConsentClient } from '@castellan/sdk/login-consent';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { RedirectTargets } from './challenge-flow/redirect-to.js';
import type { PasswordConnector, RedirectConnector, User } from './connectors/connector.js';
import type { KeyReader } from './jwt-flow/key-reader.js';
import type { LoginThrottle } from './session/login-throttle.js';
import type { PageData } from './pages/page-data.js';
import type { Pages } from './pages/pages.js';
import { acceptedLanguages, type Translator } from './pages/language.js';
import type { Session } from './session/session.js';
import type { SignedOut } from './session/signed-out.js';

export type LogLevel = 'info' | 'warn' | 'error';
export type Log = (level: LogLevel, message: string, fields?: Readonly<Record<string, string | number>>) => void;

/** What every route works with. */
export type AppContext = {
  /** The challenge API, and where its answers may lead. */
  readonly challenges: LoginConsentClient;
  readonly redirectTargets: RedirectTargets;
  /** The keys of the JWT flow, and names of its clients. */
  readonly keys: KeyReader;
  readonly connectors: { readonly password?: PasswordConnector; readonly upstream?: RedirectConnector };
  readonly throttle: LoginThrottle;
  readonly signedOut: SignedOut;
  readonly pages: Pages;
  readonly keysOfCookies: { readonly session: Uint8Array; readonly form: Uint8Array; readonly upstream: Uint8Array };
  readonly secureCookies: boolean;
  readonly serverUrl: string;
  readonly clientId: string;
  /** The origin that people see; known once the app listens. */
  readonly publicUrl: () => string;
  /** How long logins and decisions are remembered where people want that, in seconds. */
  readonly rememberSeconds: { readonly login: number; readonly consent: number };
  /** Whether the users are the shipped demo user, whose password may be shown. */
  readonly demo: boolean;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly log: Log;
};

/** Who is signed in to this app, and since when; undefined when nobody is, or the user is gone. */
export async function signedIn(
  context: AppContext,
  session: Session | undefined,
): Promise<{ readonly user: User; readonly at: number } | undefined> {
  const { login } = session ?? {};
  if (login === undefined || context.signedOut.has(login.subject, login.at)) return undefined;
  const user = await findUser(context, login.subject, login.profile);
  return user === undefined ? undefined : { user, at: login.at };
}

/** The user of a subject: by the user file, else by what an upstream provider said of its own. */
export async function findUser(
  { connectors }: AppContext,
  subject: string,
  profile: Omit<User, 'subject'> | undefined,
): Promise<User | undefined> {
  if (connectors.upstream?.isOwn(subject) !== true) return connectors.password?.find(subject);
  return profile === undefined ? undefined : { subject, ...profile };
}

/** What has to be kept of a user, because no connector can look them up again. */
export function profileToKeep({ connectors }: AppContext, user: User): Omit<User, 'subject'> | undefined {
  if (connectors.upstream?.isOwn(user.subject) !== true) return undefined;
  const { name, nickname, email, emailVerified } = user;
  return { name, nickname, email, emailVerified };
}

/** The language that a page is shown in: what the authorization request wants, else what the browser accepts. */
export function translatorFor(
  context: AppContext,
  request: FastifyRequest,
  wanted: readonly string[] = [],
): Translator {
  return context.pages.languages.choose([...wanted, ...acceptedLanguages(request.headers['accept-language'])]);
}

/** What surrounds a page. */
export type PageFrame = {
  readonly title: string;
  readonly translator: Translator;
  readonly display?: string;
  readonly status?: number;
};

export function sendPage<Page extends keyof PageData>(
  context: AppContext,
  reply: FastifyReply,
  page: Page,
  data: PageData[Page],
  { title, translator, display, status = 200 }: PageFrame,
): FastifyReply {
  const html = context.pages.render(page, title, data, translator, display);
  return reply
    .code(status)
    .type('text/html; charset=utf-8')
    .header('content-language', translator.language)
    .header('vary', 'accept-language')
    .send(html);
}
