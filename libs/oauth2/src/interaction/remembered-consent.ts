import type { AuthorizationTools } from '../authorization/flow.js';
import type { RememberedConsent } from './consent-store.js';
import type { ReturningRequest } from './returning-request.js';

/**
 * A consent that the user gave to this client before and that covers all that is asked for now: nothing is ever widened
 * in silence. A public client whose redirection URI another program could have taken has to ask each time (RFC 8252
 * section 8.6).
 */
export async function findRememberedConsent(
  subject: string,
  { client, redirect, request }: Pick<ReturningRequest, 'client' | 'redirect' | 'request'>,
  { consents }: Pick<AuthorizationTools, 'consents'>,
): Promise<RememberedConsent | undefined> {
  if (client.client.public && !redirect.uri.startsWith('https://')) return undefined;
  const remembered = await consents.findRemembered(subject, client.uid);
  return remembered.find(
    ({ scopes, audience }) =>
      request.scopes.every((scope) => scopes.includes(scope)) &&
      request.resources.every((resource) => audience.includes(resource)),
  );
}
