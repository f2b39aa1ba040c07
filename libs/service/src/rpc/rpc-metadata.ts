import type { PeerName, RpcDefinition } from '@castellan/rpc';

/** Metadata key of `RpcService`. */
export const RPC_SERVICE = 'castellan:rpc-service';

export type RpcServiceMetadata = {
  readonly definition: RpcDefinition;
  readonly peers: Readonly<Record<string, readonly PeerName[]>>;
};
