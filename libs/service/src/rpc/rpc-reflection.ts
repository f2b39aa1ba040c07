import { readFileSync } from 'node:fs';
import type { Server, ServerDuplexStream, ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { loadFileDescriptorSetFromBuffer, type PackageDefinition } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { RpcError, descriptorSetPath, serviceNameOf, toGrpcStatus } from '@castellan/rpc';
import type { HostedService } from './rpc-host.js';

type Stream = ServerDuplexStream<unknown, unknown>;
type Answer = (call: Stream) => void;

/** What answers each method of reflection about some descriptors, by the path of the method. */
function answersAbout(
  descriptors: PackageDefinition,
  services: string[],
): { readonly definitions: readonly ServiceDefinition[]; readonly answers: ReadonlyMap<string, Answer> } {
  const definitions: ServiceDefinition[] = [];
  const answers = new Map<string, Answer>();
  new ReflectionService(descriptors, { services }).addToServer({
    addService(definition: ServiceDefinition, implementation: UntypedServiceImplementation) {
      definitions.push(definition);
      for (const [name, { path }] of Object.entries(definition)) answers.set(path, implementation[name] as Answer);
    },
  });
  return { definitions, answers };
}

function fail(call: Stream, thrown: unknown): void {
  const error = thrown instanceof RpcError ? thrown : new RpcError('INTERNAL', 'internal error');
  call.emit('error', { code: toGrpcStatus(error.code), details: error.message });
}

/**
 * grpc.reflection.v1 (and v1alpha) for known peers; it lists what this port serves, no more. The descriptors are read
 * when somebody asks first: reading them takes a tenth of a start that few ever need it for.
 */
export function addReflection(
  server: Server,
  served: readonly HostedService[],
  authenticate: (call: Stream) => void,
): void {
  const services = [...served.map(({ definition }) => serviceNameOf(definition)), 'grpc.health.v1.Health'];
  let answers: ReadonlyMap<string, Answer> | undefined;
  const answer = (path: string, call: Stream): void => {
    try {
      authenticate(call);
      const descriptors = (): PackageDefinition => loadFileDescriptorSetFromBuffer(readFileSync(descriptorSetPath()));
      answers ??= answersAbout(descriptors(), services).answers;
      answers.get(path)?.(call);
    } catch (thrown) {
      fail(call, thrown);
    }
  };
  for (const definition of answersAbout({}, []).definitions) {
    const methods = Object.entries(definition).map(([name, { path }]) => [name, (call: Stream) => answer(path, call)]);
    server.addService(definition, Object.fromEntries(methods) as UntypedServiceImplementation);
  }
}
