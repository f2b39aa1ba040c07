import type { LoginRequest } from '@castellan/sdk/login-consent';
import { type AppContext, findUser, profileToKeep } from '../app-context.js';
import type { User } from '../connectors/connector.js';
import { Failure } from '../failure.js';
import type { BrowserState, CompletedLogin, LoginArrival, LoginPurpose } from '../login-purpose.js';
import { clientView } from '../pages/client-view.js';
import { callChallengeApi } from './challenge-call.js';
import { requestOf } from './oidc-context.js';

/**
 * Reads a login request. Where a remembered session answers it and this app still knows the user, it is accepted at once;
 * everybody else signs in, since the authorization server asks (prompt, max_age, or no session).
 */
export async function readLoginChallenge(
  context: AppContext,
  challenge: string,
  browser: BrowserState,
): Promise<LoginArrival> {
  const login = await callChallengeApi(context, { resource: 'requests:login', action: 'get' }, ({ login }) =>
    login.get(challenge),
  );
  const purpose = purposeOf(context, challenge, login);
  if (!login.skip) return { kind: 'ask', purpose };
  const known = browser.known?.subject === login.subject ? browser.known.profile : undefined;
  const user = await findUser(context, login.subject, known);
  if (user !== undefined) {
    const acceptance = { subject: user.subject, context: handOver(context, user, browser.session.browser) };
    return { kind: 'answered', redirectTo: await accept(context, challenge, acceptance) };
  }
  // Nobody whom this app knows; where nothing may be shown, that is all there is to say.
  if (purpose.request.prompts.includes('none')) {
    return { kind: 'answered', redirectTo: await reject(context, challenge, 'login_required') };
  }
  return { kind: 'ask', purpose };
}

function purposeOf(context: AppContext, challenge: string, login: LoginRequest): LoginPurpose {
  const request = requestOf(login);
  return {
    about: challenge,
    query: `?login_challenge=${encodeURIComponent(challenge)}`,
    client: clientView(login.client, context.pages),
    request,
    redirectUris: [
      ...(login.client.redirect_uris ?? []),
      ...(request.redirectUri === undefined ? [] : [request.redirectUri]),
    ],
    mayRemember: true,
    cancel: () => reject(context, challenge, 'access_denied'),
    complete: (completed) => complete(context, challenge, login, completed),
  };
}

async function complete(
  context: AppContext,
  challenge: string,
  login: LoginRequest,
  { authentication, remember, browser }: CompletedLogin,
): Promise<string> {
  const { user, acr, amr } = authentication;
  // A session that is to go on belongs to its subject (OpenID Connect Core section 3.1.2.2).
  if (login.skip && login.subject !== user.subject) throw new Failure({ status: 403, key: 'otherUser' });
  return accept(context, challenge, {
    subject: user.subject,
    amr,
    ...(acr !== undefined ? { acr } : {}),
    context: handOver(context, user, browser),
    // A remembered session is not remembered anew; one that is not to stay ends with the browser (`remember_for` 0).
    ...(login.skip ? {} : { remember: true, remember_for: remember ? context.rememberSeconds.login : 0 }),
  });
}

/** What the consent page needs to know: the browser that signed in, and who that is where nobody else can say. */
function handOver(context: AppContext, user: User, browser: string): Record<string, unknown> {
  const profile = profileToKeep(context, user);
  return { browser, ...(profile !== undefined ? { profile } : {}) };
}

async function accept(
  context: AppContext,
  challenge: string,
  acceptance: Parameters<AppContext['challenges']['login']['accept']>[1],
): Promise<string> {
  const call = { resource: 'requests:login', action: 'accept' } as const;
  const answer = await callChallengeApi(context, call, ({ login }) => login.accept(challenge, acceptance));
  return context.redirectTargets.verify(answer.redirect_to);
}

async function reject(
  context: AppContext,
  challenge: string,
  error: 'access_denied' | 'login_required',
): Promise<string> {
  const description =
    error === 'access_denied' ? 'The resource owner did not sign in' : 'The user has to sign in again';
  const call = { resource: 'requests:login', action: 'reject' } as const;
  const answer = await callChallengeApi(context, call, ({ login }) =>
    login.reject(challenge, {
      error,
      error_description: description,
      status_code: error === 'access_denied' ? 403 : 400,
    }),
  );
  context.log('info', 'login rejected', { error });
  return context.redirectTargets.verify(answer.redirect_to);
}
