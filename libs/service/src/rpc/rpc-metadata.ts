import type { PeerName, RpcDefinition } from '@castellan/rpc';
import type { StreamRule } from './stream-rule.js';

/** Metadata key of `RpcService`. */
export const RPC_SERVICE = 'castellan:rpc-service';

export type RpcServiceMetadata = {
  readonly definition: RpcDefinition;
  readonly peers: Readonly<Record<string, readonly PeerName[]>>;
  readonly streams: Readonly<Record<string, StreamRule>>;
};
