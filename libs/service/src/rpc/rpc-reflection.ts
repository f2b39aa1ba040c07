import { readFileSync } from 'node:fs';
import type { Server, ServerDuplexStream, UntypedServiceImplementation } from '@grpc/grpc-js';
import { loadFileDescriptorSetFromBuffer, type PackageDefinition } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { RpcError, descriptorSetPath, serviceNameOf, toGrpcStatus } from '@castellan/rpc';
import type { HostedService } from './rpc-host.js';

type Stream = ServerDuplexStream<unknown, unknown>;

function guard(implementation: UntypedServiceImplementation, authenticate: (call: Stream) => void) {
  const guarded: UntypedServiceImplementation = {};
  for (const [name, handler] of Object.entries(implementation)) {
    guarded[name] = (call: Stream) => {
      try {
        authenticate(call);
      } catch (thrown) {
        const error = thrown instanceof RpcError ? thrown : new RpcError('INTERNAL', 'internal error');
        call.emit('error', { code: toGrpcStatus(error.code), details: error.message });
        return;
      }
      (handler as (stream: Stream) => void)(call);
    };
  }
  return guarded;
}

/** grpc.reflection.v1 (and v1alpha) for known peers; it lists what this port serves, no more. */
export function addReflection(
  server: Server,
  served: readonly HostedService[],
  authenticate: (call: Stream) => void,
): void {
  const descriptors: PackageDefinition = loadFileDescriptorSetFromBuffer(readFileSync(descriptorSetPath()));
  const services = [...served.map(({ definition }) => serviceNameOf(definition)), 'grpc.health.v1.Health'];
  new ReflectionService(descriptors, { services }).addToServer({
    addService: (definition, implementation) => server.addService(definition, guard(implementation, authenticate)),
  });
}
