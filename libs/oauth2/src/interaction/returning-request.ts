import type { PendingAuthorizationRequest } from '../authorization/authorization-request-store.js';
import type { AuthorizationTools, AuthorizeOutcome, IncomingRequest } from '../authorization/flow.js';
import { rejectionResponse } from '../authorization/response.js';
import type { Flow } from '../consent/flow-cookie.js';
import { OAuth2Error } from '../errors.js';
import type { Rejection, StagedInteraction } from './interaction.js';

/** A stored request whose browser has come back from an app. */
export type ReturningRequest = Pick<
  IncomingRequest,
  'client' | 'redirect' | 'request' | 'target' | 'secure' | 'session' | 'hint'
> & {
  readonly pending: PendingAuthorizationRequest;
  readonly interaction: StagedInteraction;
  readonly flow: Flow;
};

/** Tells the client that the app refused, in the app's words. */
export async function refuseAsTold(
  rejection: Rejection,
  { pending, target, flow, secure }: ReturningRequest,
  tools: AuthorizationTools,
): Promise<AuthorizeOutcome> {
  if ((await tools.requests.discard(pending.id)) === 'lost') {
    throw new OAuth2Error('access_denied', 'the request is decided or expired');
  }
  return {
    kind: 'error-to-client',
    ...rejectionResponse(target, rejection),
    cookies: [tools.cookies.clear(flow.requestId, secure)],
    error: new OAuth2Error('access_denied', `the app refused with ${rejection.error}: ${rejection.debug}`),
  };
}

/**
 * Policies name subjects by raw strings: a user must not pass for a client (rulings 38).
 *
 * @throws OAuth2Error `access_denied`
 */
export async function refuseClientAsSubject(
  subject: string,
  { clients }: Pick<AuthorizationTools, 'clients'>,
): Promise<void> {
  if ((await clients.find(subject)) !== undefined) {
    throw new OAuth2Error('access_denied', 'the subject is the id of a client');
  }
}
