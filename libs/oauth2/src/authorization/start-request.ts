import { hashFlowSecret, type SetCookie } from '../consent/flow-cookie.js';
import { OAuth2Error } from '../errors.js';
import type { AuthorizationTools, IncomingRequest } from './flow.js';
import { hashParameters } from './forwarded-parameters.js';
import type { NewAuthorizationRequest } from './authorization-request-store.js';

/** Flows one browser may have open; older ones are taken from it, so that its cookies fit into a request header. */
const maxFlows = 16;

/** 256 random bits, base64url. */
export function makeRequestId({ mint }: Pick<AuthorizationTools, 'mint'>): string {
  return mint.randomBytes(32).toString('base64url');
}

/**
 * Stores a valid request and binds it to the browser. The browser gets a cookie of its own for each request, so that tabs
 * do not disturb each other.
 *
 * @throws OAuth2Error `temporarily_unavailable` when client or address have too many undecided ones
 */
export async function startRequest(
  incoming: IncomingRequest,
  request: Pick<NewAuthorizationRequest, 'id' | 'parameters' | 'interaction'>,
  tools: AuthorizationTools,
): Promise<readonly SetCookie[]> {
  const { settings, mint, cookies } = tools;
  const { client, forwarded, flows, secure } = incoming;
  const parametersHash = hashParameters(forwarded);
  const secret = mint.randomBytes(32);
  const addressHash = tools.hashAddress(incoming.remoteAddress);
  const stored = await tools.requests.insert(
    {
      ...request,
      clientUid: client.uid,
      clientId: client.client.id,
      parametersHash,
      browserHash: hashFlowSecret(secret),
      lifetimeMs: mint.lifetimes.challengeMs,
      ...(addressHash !== undefined ? { addressHash } : {}),
    },
    settings.pendingRequestsPerClient,
    settings.pendingRequestsPerAddress,
  );
  if (!stored) throw new OAuth2Error('temporarily_unavailable', 'too many requests are undecided; try again later');
  return [
    cookies.seal({ requestId: request.id, secret, parametersHash, startedAt: mint.now() }, secure),
    ...flows.slice(maxFlows - 1).map((flow) => cookies.clear(flow.requestId, secure)),
  ];
}
