import type { ServerUnaryCall } from '@grpc/grpc-js';
import { PEER_METADATA, RpcError, isPeerName, spiffeNameOf, uriNamesOf } from '@castellan/rpc';
import type { Caller } from './rpc-door.js';
import type { RpcSecurity } from './rpc.module.js';

type AuthenticatedCall = Pick<ServerUnaryCall<unknown, unknown>, 'getAuthContext' | 'metadata'>;

/** What a `client` without certificate is called: the name that development certificates have. */
const PLAINTEXT_CLIENT = 'spiffe://castellan/client';

/**
 * Who calls: the service that the client certificate names by `spiffe://castellan/<name>`, or `client` for a listed
 * name. The handshake has verified the certificate already. A certificate must carry exactly one URI name (SPIFFE
 * X.509-SVID section 2), so that nobody is two peers at once.
 * @throws RpcError UNAUTHENTICATED
 */
export function authenticatePeer(
  call: AuthenticatedCall,
  security: RpcSecurity,
  clientPeers: readonly string[],
): Caller {
  if (security.kind === 'plaintext') {
    const [stated, ...others] = call.metadata.get(PEER_METADATA);
    if (others.length === 0 && isPeerName(stated))
      return stated === 'client' ? clientOf(PLAINTEXT_CLIENT) : { peer: stated };
    throw new RpcError('UNAUTHENTICATED', `plaintext callers state their name in ${PEER_METADATA}`);
  }
  const names = uriNamesOf(call.getAuthContext()?.sslPeerCertificate?.subjectaltname);
  const [name] = names;
  if (names.length === 1 && name !== undefined) {
    const service = spiffeNameOf(name);
    if (service !== undefined) return { peer: service };
    if (clientPeers.includes(name)) return clientOf(name);
  }
  throw new RpcError('UNAUTHENTICATED', 'the client certificate names no known peer');
}

function clientOf(name: string): Caller {
  return { peer: 'client', credential: { kind: 'certificate', name } };
}
