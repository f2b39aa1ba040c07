import { createConsentChallenge } from '../consent/challenge.js';
import { hashFlowSecret } from '../consent/flow-cookie.js';
import { OAuth2Error } from '../errors.js';
import type { AuthorizationTools, AuthorizeOutcome, IncomingRequest } from './flow.js';
import { forwardedQuery, hashParameters, storedParameters } from './forwarded-parameters.js';
import { appendQuery } from './response.js';

/** Flows one browser may have open; older ones are taken from it, so that its cookies fit into a request header. */
const maxFlows = 16;

/**
 * Stores a valid request and sends the browser to the consent app with a signed challenge. The browser gets a cookie of
 * its own for each request, so that tabs do not disturb each other.
 *
 * @throws OAuth2Error `invalid_request`, `temporarily_unavailable`
 */
export async function sendToConsent(incoming: IncomingRequest, tools: AuthorizationTools): Promise<AuthorizeOutcome> {
  const { settings, mint, cookies } = tools;
  const { client, forwarded, flows, secure } = incoming;
  const query = forwardedQuery(forwarded);
  const parametersHash = hashParameters(forwarded);
  const requestId = mint.randomBytes(32).toString('base64url');
  const secret = mint.randomBytes(32);
  const now = mint.now();
  const lifetimeMs = mint.lifetimes.challengeMs;
  const challenge = await tools.signChallenge(
    createConsentChallenge({
      requestId,
      clientId: client.client.id,
      scopes: incoming.request.scopes,
      issuer: settings.issuer,
      query,
      now,
      lifetimeMs,
    }),
  );
  const stored = await tools.requests.insert(
    {
      id: requestId,
      clientUid: client.uid,
      clientId: client.client.id,
      parameters: storedParameters(forwarded),
      parametersHash,
      browserHash: hashFlowSecret(secret),
      lifetimeMs,
    },
    settings.pendingRequestsPerClient,
  );
  if (!stored) throw new OAuth2Error('temporarily_unavailable', 'too many requests of this client are undecided');
  return {
    kind: 'to-consent',
    location: appendQuery(settings.consentUrl, [['challenge', challenge]]),
    cookies: [
      cookies.seal({ requestId, secret, parametersHash, startedAt: now }, secure),
      ...flows.slice(maxFlows - 1).map((flow) => cookies.clear(flow.requestId, secure)),
    ],
  };
}
