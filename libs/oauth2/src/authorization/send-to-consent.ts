import { createConsentChallenge } from '../consent/challenge.js';
import type { AuthorizationTools, AuthorizeOutcome, IncomingRequest } from './flow.js';
import { forwardedQuery, storedParameters } from './forwarded-parameters.js';
import { appendQuery } from './response.js';
import { makeRequestId, startRequest } from './start-request.js';

/**
 * Stores a valid request and sends the browser to the consent app with a signed challenge, as Hydra 0.9 did.
 *
 * @throws OAuth2Error `invalid_request`, `temporarily_unavailable`
 */
export async function sendToConsent(incoming: IncomingRequest, tools: AuthorizationTools): Promise<AuthorizeOutcome> {
  const { settings, mint } = tools;
  const query = forwardedQuery(incoming.forwarded);
  const id = makeRequestId(tools);
  const challenge = await tools.signChallenge(
    createConsentChallenge({
      requestId: id,
      clientId: incoming.client.client.id,
      scopes: incoming.request.scopes,
      issuer: settings.issuer,
      query,
      now: mint.now(),
      lifetimeMs: mint.lifetimes.challengeMs,
    }),
  );
  const cookies = await startRequest(incoming, { id, parameters: storedParameters(incoming.forwarded) }, tools);
  return { kind: 'to-consent', location: appendQuery(settings.consentUrl, [['challenge', challenge]]), cookies };
}
