import { type AppContext, signedIn } from '../app-context.js';
import { wantsLogin } from '../authentication-request.js';
import type { User } from '../connectors/connector.js';
import type { ConsentArrival, ConsentPurpose } from '../consent-purpose.js';
import type { Session } from '../session/session.js';
import { answerUrl, type Challenge, readChallenge } from './challenge.js';
import { describeClient } from './client-name.js';
import { signConsentResponse } from './consent-response.js';

/** Reads a signed consent challenge of 0.9; who is not signed in to this app, or not freshly enough, does so first. */
export async function readConsentOfJwtFlow(
  context: AppContext,
  jwt: string,
  session: Session | undefined,
): Promise<ConsentArrival> {
  const challenge = await readChallenge(context, jwt);
  const query = `?challenge=${encodeURIComponent(jwt)}`;
  const person = await signedIn(context, session);
  if (session === undefined || person === undefined || mustSignInAgain(context, session, challenge)) {
    return { kind: 'answered', redirectTo: `/login${query}` };
  }
  return {
    kind: 'ask',
    purpose: await purposeOf(context, { challenge, jwt, query, user: person.user, at: person.at }),
  };
}

async function purposeOf(
  context: AppContext,
  {
    challenge,
    jwt,
    query,
    user,
    at,
  }: {
    readonly challenge: Challenge;
    readonly jwt: string;
    readonly query: string;
    readonly user: User;
    readonly at: number;
  },
): Promise<ConsentPurpose> {
  const { redirectUri } = challenge.request;
  return {
    about: jwt,
    query,
    client: await describeClient(context, challenge.clientId),
    clientId: challenge.clientId,
    request: challenge.request,
    redirectUris: redirectUri === undefined ? [] : [redirectUri],
    scopes: challenge.requestedScopes,
    claims: [],
    audience: [],
    user,
    mayRemember: false,
    notYou: { challenge: jwt },
    async allow({ scopes }) {
      const key = await context.keys.getKey('hydra.consent.response', 'private');
      const grant = { challenge, user, grantedScopes: scopes, authenticatedAt: at };
      return answerUrl(challenge, await signConsentResponse(grant, key, context.now()));
    },
    deny: async () => answerUrl(challenge, 'denied'),
  };
}

/** Whether the client asked for a login that is fresher than this one (OpenID Connect Core section 3.1.2.1). */
function mustSignInAgain(context: AppContext, session: Session, { id, request }: Challenge): boolean {
  if (session.login === undefined) return true;
  if (session.login.challengeId === id || !wantsLogin(request)) return false;
  const ageSeconds = (context.now() - session.login.at) / 1000;
  const { prompts, maxAgeSeconds } = request;
  return prompts.includes('login') || (maxAgeSeconds !== undefined && ageSeconds > maxAgeSeconds);
}
