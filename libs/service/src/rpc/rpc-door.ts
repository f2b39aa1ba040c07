import { ServerCredentials, type ServerUnaryCall } from '@grpc/grpc-js';
import { RpcError, type CallerCredential, type PeerName } from '@castellan/rpc';
import { plainAddress } from '../address-list.js';
import { ConfigError } from '../config.js';
import { isLoopbackHost } from './loopback.js';
import type { HostedMethod } from './rpc-invocation.js';
import { authenticatePeer } from './rpc-peer.js';
import type { BearerListen, RpcListen, RpcSecurity } from './rpc.module.js';

/** Who calls: a peer, and what proves it where that is a program of somebody else. */
export type Caller = {
  readonly peer: PeerName;
  readonly credential?: CallerCredential;
  /** Of a program of somebody else that shows an access token. */
  readonly address?: string;
};

/** What is known of a call before anything of it is read. */
export type UnreadCall = Pick<ServerUnaryCall<unknown, unknown>, 'getAuthContext' | 'getPeer' | 'metadata'>;

/** A port: how it is secured, whom it knows, and what it serves. */
export type RpcDoor = {
  readonly listen: Pick<RpcListen, 'host' | 'port' | 'rooms'>;
  readonly credentials: ServerCredentials;
  /** Throws RpcError UNAUTHENTICATED. */
  readonly authenticate: (call: UnreadCall) => Caller;
  readonly serves: (method: HostedMethod) => boolean;
  /** Whether the stream of our own services, health and reflection are served, too. */
  readonly isInternal: boolean;
};

/** The port of peers with certificates: our own services, and listed programs. */
export function openPeerDoor(
  listen: RpcListen,
  security: RpcSecurity | undefined,
  clientPeers: readonly string[],
): RpcDoor {
  const secure = requireSecurity(listen, security);
  return {
    listen,
    credentials: toCredentials(secure),
    authenticate: (call) => authenticatePeer(call, secure, clientPeers),
    serves: () => true,
    isInternal: true,
  };
}

/** The port of programs that show an access token: rpcs that list the peer `bearer`, and nothing else. */
export function openBearerDoor(listen: BearerListen): RpcDoor {
  const pair = { cert_chain: Buffer.from(listen.cert), private_key: Buffer.from(listen.key) };
  return {
    listen,
    credentials: ServerCredentials.createSsl(null, [pair], false),
    authenticate: readBearer,
    serves: ({ peers }) => peers.includes('bearer'),
    isInternal: false,
  };
}

/** b64token of RFC 6750 section 2.1; longer than any token of ours is no token. */
const BEARER = /^bearer +([A-Za-z0-9._~+/-]{1,4096}=*)$/i;

/** The token of the metadata `authorization`, there once; whether it is good is for the handler to ask. */
function readBearer(call: UnreadCall): Caller {
  const [shown, ...others] = call.metadata.get('authorization');
  const [, token] = (typeof shown === 'string' ? BEARER.exec(shown) : undefined) ?? [];
  if (others.length > 0 || token === undefined) {
    throw new RpcError('UNAUTHENTICATED', 'this port takes one access token, as authorization: Bearer');
  }
  const address = plainAddress(call.getPeer().replace(/:\d+$/, ''));
  return { peer: 'bearer', credential: { kind: 'bearer', token }, address };
}

function toCredentials(security: RpcSecurity): ServerCredentials {
  if (security.kind === 'plaintext') return ServerCredentials.createInsecure();
  const pair = { cert_chain: Buffer.from(security.cert), private_key: Buffer.from(security.key) };
  return ServerCredentials.createSsl(Buffer.from(security.ca), [pair], true);
}

function requireSecurity(listen: RpcListen, security: RpcSecurity | undefined): RpcSecurity {
  if (security === undefined) {
    throw new ConfigError('a gRPC port needs GRPC_TLS_CERT_PATH, GRPC_TLS_KEY_PATH and GRPC_TLS_CA_PATH');
  }
  if (security.kind === 'plaintext' && !isLoopbackHost(listen.host ?? '')) {
    throw new ConfigError('plaintext gRPC is served on loopback only: set GRPC_HOST=127.0.0.1 or give certificates');
  }
  return security;
}
