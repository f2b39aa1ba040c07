import { RpcError } from '@castellan/rpc';
import type { AdmissionDoor } from '../admission/admission.module.js';
import type { HostedMethod, InvocationDependencies } from './rpc-invocation.js';

/** What serving other processes needs; `admission` is undefined where it is off. */
export type ServingDependencies = InvocationDependencies & { readonly admission: AdmissionDoor | undefined };

/**
 * Does the work of a call from another process in a place of its class.
 * @throws RpcError RESOURCE_EXHAUSTED, before anything is read, where no place is free
 */
export async function admitCall<T>(
  method: HostedMethod,
  { admission: door }: ServingDependencies,
  work: () => Promise<T>,
): Promise<T> {
  const of = door?.classOf(method.name) ?? 'always';
  if (door === undefined || of === 'always') return work();
  // Callers are our own services and programs that the operator listed: they are not told apart.
  const arrival = { of, address: '' };
  if (door.admission.enter(arrival) !== undefined) {
    // Not UNAVAILABLE: that would be asked again at once.
    throw new RpcError('RESOURCE_EXHAUSTED', 'the service is overloaded');
  }
  try {
    return await work();
  } finally {
    door.admission.leave(arrival);
  }
}
