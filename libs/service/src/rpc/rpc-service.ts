import 'reflect-metadata';
import { Inject, SetMetadata, type FactoryProvider } from '@nestjs/common';
import { serviceNameOf, type PeerName, type PeerTable, type RpcClient, type RpcDefinition } from '@castellan/rpc';
import { RpcHost } from './rpc-host.js';
import { RPC_SERVICE } from './rpc-metadata.js';
import type { StreamRules } from './stream-rule.js';

/**
 * Marks a provider class as the host of a service; it `implements RpcHandlers<typeof definition>`. The table says who
 * may call which rpc; it is complete by type, and who is not in the row is refused. An rpc of two
 * streams is served by its rule, and not at all without one.
 */
export function RpcService<S extends RpcDefinition>(
  definition: S,
  peers: PeerTable<S>,
  streams: Partial<StreamRules<S>> = {},
): ClassDecorator {
  return SetMetadata(RPC_SERVICE, { definition, peers, streams }) as ClassDecorator;
}

/** Injection token of the client of a service. */
export function rpcClientToken(definition: RpcDefinition): symbol {
  return Symbol.for(`castellan-rpc-client:${serviceNameOf(definition)}`);
}

/**
 * Provider of a typed client, injected by `rpcClientToken(definition)`. `caller` is the name of the module that calls:
 * in process it is the peer, as the certificate is over the wire.
 */
export function provideRpcClient<S extends RpcDefinition>(
  definition: S,
  caller: PeerName,
): FactoryProvider<RpcClient<S>> {
  return {
    provide: rpcClientToken(definition),
    inject: [RpcHost],
    useFactory: (host: RpcHost) => host.createClient(definition, caller),
  };
}

/** Constructor parameter: the client that `provideRpcClient` made in this module. */
export function InjectRpcClient(definition: RpcDefinition): ParameterDecorator & PropertyDecorator {
  return Inject(rpcClientToken(definition));
}
