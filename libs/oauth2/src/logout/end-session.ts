import type { Client } from '../client.js';
import type { ClientStore } from '../client-store.js';
import { type IdTokenHint, type IdTokenKeys, verifyIdTokenHint } from '../authorization/id-token-hint.js';
import { appendQuery } from '../authorization/response.js';
import { type Cookie, type FlowCookies, hashFlowSecret, isFlowSecret, type SetCookie } from '../consent/flow-cookie.js';
import { OAuth2Error } from '../errors.js';
import type { ChallengeText } from '../interaction/challenge-text.js';
import type { LoginSession, SessionClient } from '../interaction/login-session-store.js';
import { type Parameter, type ParameterMap, parseParameters } from '../parameters.js';
import type { SubjectIdentifier } from '../subject-identifier.js';
import { logoutFrames } from './logout-frames.js';
import type { LogoutRequest, LogoutRequestStore } from './logout-request-store.js';

/** How logout is configured. */
export type LogoutSettings = {
  /** Without a trailing slash. */
  readonly issuer: string;
  /** The app that asks the user; absent: our own page does. May have a query. */
  readonly logoutUrl?: string;
  /** Where the browser ends when no client may say where. */
  readonly postLogoutUrl: string;
  /** How long a request waits, in milliseconds. */
  readonly requestLifetimeMs: number;
  /** How long a logout is brought to a client that does not take it, in milliseconds. */
  readonly giveUpAfterMs: number;
};

/** What the end session endpoint works with. */
export type LogoutTools = {
  readonly settings: LogoutSettings;
  readonly clients: Pick<ClientStore, 'find'>;
  readonly requests: LogoutRequestStore;
  readonly sessions: {
    /** The live session of the browser, by its cookies. */
    current(cookies: readonly Cookie[], secure: boolean): Promise<LoginSession | undefined>;
    find(sid: string): Promise<LoginSession | undefined>;
    /** Takes the session cookie from the browser. */
    clear(secure: boolean): readonly SetCookie[];
  };
  readonly flows: FlowCookies;
  readonly challenges: ChallengeText;
  readonly idTokenKeys: IdTokenKeys;
  readonly subjectIdentifier: SubjectIdentifier;
  /** Messages were left in the outbox. */
  readonly onEnded: () => void;
  /** The database clock in milliseconds. */
  readonly now: () => number;
  readonly randomBytes: (n: number) => Buffer;
};

/** What a browser brought to the end session endpoint. */
export type EndSessionInput = {
  readonly method: 'GET' | 'POST';
  readonly parameters: readonly Parameter[];
  readonly cookies: readonly Cookie[];
  /** The browser came over https. */
  readonly secure: boolean;
};

/** What the browser shall see next. */
export type EndSessionOutcome = { readonly cookies: readonly SetCookie[] } & (
  | { readonly kind: 'redirect'; readonly location: string }
  /** Our own page asks; it posts the challenge back. */
  | { readonly kind: 'confirm'; readonly challenge: string }
  /** The frames are loaded, then the browser goes on. */
  | { readonly kind: 'logged-out'; readonly location: string; readonly frames: readonly string[] }
  | { readonly kind: 'error-page'; readonly error: OAuth2Error }
);

type Target = { readonly uri?: string; readonly state?: string };
type Asking = { readonly client: Client; readonly hint: IdTokenHint };

/** Requests that one session may have open; a page that is loaded often makes no more rows than that. */
const openPerSession = 16;
const noFlowParameters = Buffer.alloc(32).toString('base64url');

/**
 * The end session endpoint (OpenID Connect RP-Initiated Logout 1.0 sections 2 and 3), which also takes the browser back
 * from the logout app, or from our own page. Nothing ends without the user's word, unless a client shows an ID token of
 * this very session. Refusals are outcomes; only faults are thrown.
 */
export async function endSession(input: EndSessionInput, tools: LogoutTools): Promise<EndSessionOutcome> {
  try {
    const parameters = parseParameters(input.parameters);
    const verifier = parameters.get('logout_verifier');
    if (verifier !== undefined) {
      return await finish(await ownRequest({ kind: 'logout_verifier', text: verifier }, input, tools), input, tools);
    }
    const challenge = parameters.get('logout_challenge');
    if (challenge !== undefined && input.method === 'POST') {
      return await finish(await ownRequest({ kind: 'logout_challenge', text: challenge }, input, tools), input, tools);
    }
    // Another site's form comes without our cookies; the same request as a navigation has them (SameSite=Lax).
    if (input.method === 'POST') return { kind: 'redirect', location: endpointUrl(parameters, tools), cookies: [] };
    return await start(parameters, input, tools);
  } catch (cause) {
    if (cause instanceof OAuth2Error) return { kind: 'error-page', error: cause, cookies: [] };
    throw cause;
  }
}

async function start(parameters: ParameterMap, input: EndSessionInput, tools: LogoutTools): Promise<EndSessionOutcome> {
  const asking = await readHint(parameters, tools);
  const target = targetOf(parameters, asking?.client);
  const session = await sessionToEnd(asking, input, tools);
  if (session === undefined) {
    const location = locationOf(target, tools);
    return { kind: 'logged-out', location, frames: [], cookies: tools.sessions.clear(input.secure) };
  }
  return ask({ parameters, asking, target, session }, input, tools);
}

type Question = {
  readonly parameters: ParameterMap;
  readonly asking: Asking | undefined;
  readonly target: Target;
  readonly session: LoginSession;
};

/** Stores the request and lets somebody ask the user, unless there is nothing to ask. */
async function ask(
  { parameters, asking, target, session }: Question,
  input: EndSessionInput,
  tools: LogoutTools,
): Promise<EndSessionOutcome> {
  const { settings, requests, flows, challenges, now, randomBytes } = tools;
  const rpInitiated = asking !== undefined && isOfSession(asking, session, tools);
  const id = randomBytes(32).toString('base64url');
  const secret = randomBytes(32);
  const request = {
    id,
    browserHash: hashFlowSecret(secret),
    sid: session.sid,
    subject: session.subject,
    rpInitiated,
    requestUrl: endpointUrl(withoutHint(parameters), tools),
    ...(asking !== undefined ? { clientId: asking.client.id } : {}),
    ...(target.uri !== undefined ? { postLogoutRedirectUri: target.uri } : {}),
    ...(target.state !== undefined ? { state: target.state } : {}),
    ownPage: settings.logoutUrl === undefined,
  };
  const stored = await requests.insert(request, { lifetimeMs: settings.requestLifetimeMs, limit: openPerSession });
  if (!stored)
    throw new OAuth2Error('temporarily_unavailable', 'too many logouts of this session wait to be confirmed');
  const needsNoWord = settings.logoutUrl === undefined || asking?.client.logout?.skipLogoutConsent === true;
  if (rpInitiated && needsNoWord) return finish({ ...request, stage: 'asked' }, input, tools);
  const flow = { requestId: id, secret, parametersHash: noFlowParameters, startedAt: now() };
  const cookies = [flows.seal(flow, input.secure)];
  const challenge = challenges.write('logout_challenge', id);
  if (settings.logoutUrl === undefined) return { kind: 'confirm', challenge, cookies };
  return { kind: 'redirect', location: appendQuery(settings.logoutUrl, [['logout_challenge', challenge]]), cookies };
}

/** The client that shows an ID token. It may be expired, but has to be ours, and the client its first or named audience. */
async function readHint(parameters: ParameterMap, tools: LogoutTools): Promise<Asking | undefined> {
  const text = parameters.get('id_token_hint');
  if (text === undefined) return undefined;
  const hint = await verifyIdTokenHint(text, { issuer: tools.settings.issuer, keys: tools.idTokenKeys });
  const named = parameters.get('client_id');
  if (named !== undefined && !hint.audience.includes(named)) {
    throw new OAuth2Error('invalid_request', 'the id_token_hint was not issued to the client of client_id');
  }
  const client = (await tools.clients.find(named ?? hint.audience[0] ?? ''))?.client;
  if (client === undefined) throw new OAuth2Error('invalid_request', 'the client of the id_token_hint is not known');
  return { client, hint };
}

/** Where the browser may go afterwards: to a registered URI, and only on the word of a client that proved who it is. */
function targetOf(parameters: ParameterMap, client: Client | undefined): Target {
  const uri = parameters.get('post_logout_redirect_uri');
  if (uri === undefined || client === undefined) return {};
  if (!isRegistered(uri, client)) {
    throw new OAuth2Error(
      'invalid_request',
      'the post_logout_redirect_uri is none of those registered for this client; they are compared byte by byte',
    );
  }
  const state = parameters.get('state');
  return { uri, ...(state !== undefined ? { state } : {}) };
}

function isRegistered(uri: string, client: Client): boolean {
  return client.logout?.postLogoutRedirectUris?.includes(uri) ?? false;
}

/**
 * The session of this browser; else the one that the ID token names, when that is not remembered: then no browser holds a
 * cookie for it, and the client's word is all there is.
 */
async function sessionToEnd(
  asking: Asking | undefined,
  input: EndSessionInput,
  { sessions }: LogoutTools,
): Promise<LoginSession | undefined> {
  const current = await sessions.current(input.cookies, input.secure);
  if (current !== undefined || asking?.hint.sid === undefined) return current;
  const named = await sessions.find(asking.hint.sid);
  return named?.remembered === false ? named : undefined;
}

/** Whether the ID token was issued in this session; one that names none, to its subject. */
function isOfSession({ client, hint }: Asking, session: LoginSession, { subjectIdentifier }: LogoutTools): boolean {
  if (hint.sid !== undefined) return hint.sid === session.sid;
  return hint.subject === subjectIdentifier(client, session.subject);
}

type SpentText = { readonly kind: 'logout_verifier' | 'logout_challenge'; readonly text: string };

/** The request that a text names, brought back by the browser that started it, and decided where that was not ours to do. */
async function ownRequest(
  { kind, text }: SpentText,
  { cookies, secure }: EndSessionInput,
  { challenges, requests, flows }: LogoutTools,
): Promise<LogoutRequest> {
  const id = challenges.read(kind, text);
  const request = id === undefined ? undefined : await requests.find(id);
  const expected = kind === 'logout_verifier' ? 'accepted' : 'asked';
  if (request === undefined || request.stage !== expected || request.ownPage !== (kind === 'logout_challenge')) {
    throw new OAuth2Error('invalid_request', `the ${kind} is unknown, used or expired`);
  }
  const flow = flows.open(cookies, secure).find(({ requestId }) => requestId === request.id);
  if (flow === undefined || !isFlowSecret(flow.secret, request.browserHash)) {
    throw new OAuth2Error('invalid_request', 'the logout was started in another browser');
  }
  return request;
}

/** Spends the request, ends the session, and says where the browser goes. */
async function finish(
  request: Pick<LogoutRequest, 'id' | 'sid' | 'stage' | 'clientId' | 'postLogoutRedirectUri' | 'state'>,
  { cookies, secure }: EndSessionInput,
  tools: LogoutTools,
): Promise<EndSessionOutcome> {
  const { sessions, settings } = tools;
  const current = await sessions.current(cookies, secure);
  const from = request.stage === 'accepted' ? 'accepted' : 'asked';
  const ended = await tools.requests.finish(request.id, { from, giveUpAfterMs: settings.giveUpAfterMs });
  if (ended === 'lost') throw new OAuth2Error('invalid_request', 'the logout was finished before, or its time is over');
  tools.onEnded();
  return {
    kind: 'logged-out',
    location: locationOf(await stillRegistered(request, tools), tools),
    frames: await framesOf(ended, tools),
    cookies: [
      tools.flows.clear(request.id, secure),
      // Somebody may have logged in since, in another tab.
      ...(current === undefined || current.sid === request.sid ? sessions.clear(secure) : []),
    ],
  };
}

function framesOf(ended: readonly SessionClient[], { clients, settings: { issuer } }: LogoutTools) {
  return logoutFrames(ended, { clients, issuer });
}

/** The target of a stored request, as long as the client has it registered. */
async function stillRegistered(
  { clientId, postLogoutRedirectUri: uri, state }: Pick<LogoutRequest, 'clientId' | 'postLogoutRedirectUri' | 'state'>,
  { clients }: LogoutTools,
): Promise<Target> {
  if (uri === undefined || clientId === undefined) return {};
  const client = (await clients.find(clientId))?.client;
  if (client === undefined || !isRegistered(uri, client)) return {};
  return { uri, ...(state !== undefined ? { state } : {}) };
}

function locationOf({ uri, state }: Target, { settings }: LogoutTools): string {
  if (uri === undefined) return settings.postLogoutUrl;
  return state === undefined ? uri : appendQuery(uri, [['state', state]]);
}

function withoutHint(parameters: ParameterMap): ParameterMap {
  return new Map([...parameters].filter(([name]) => name !== 'id_token_hint'));
}

function endpointUrl(parameters: ParameterMap, { settings: { issuer } }: LogoutTools): string {
  const url = `${issuer}/oauth2/sessions/logout`;
  return parameters.size === 0 ? url : appendQuery(url, [...parameters]);
}
