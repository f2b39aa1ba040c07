import type { ServerUnaryCall } from '@grpc/grpc-js';
import { PEER_METADATA, RpcError, isPeerName, spiffeNameOf, uriNamesOf, type PeerName } from '@castellan/rpc';
import type { RpcSecurity } from './rpc.module.js';

type AuthenticatedCall = Pick<ServerUnaryCall<unknown, unknown>, 'getAuthContext' | 'metadata'>;

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
): PeerName {
  if (security.kind === 'plaintext') {
    const [stated, ...others] = call.metadata.get(PEER_METADATA);
    if (others.length === 0 && isPeerName(stated)) return stated;
    throw new RpcError('UNAUTHENTICATED', `plaintext callers state their name in ${PEER_METADATA}`);
  }
  const names = uriNamesOf(call.getAuthContext()?.sslPeerCertificate?.subjectaltname);
  const [name] = names;
  if (names.length === 1 && name !== undefined) {
    const service = spiffeNameOf(name);
    if (service !== undefined) return service;
    if (clientPeers.includes(name)) return 'client';
  }
  throw new RpcError('UNAUTHENTICATED', 'the client certificate names no known peer');
}
