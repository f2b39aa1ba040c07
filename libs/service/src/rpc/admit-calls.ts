import { type CallContext, RpcError } from '@castellan/rpc';
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
  { peer, address = '' }: Pick<CallContext, 'peer' | 'address'>,
  work: () => Promise<T>,
): Promise<T> {
  const named = door?.classOf(method.name) ?? 'always';
  if (door === undefined || named === 'always') return work();
  // Our own services and programs that the operator listed are not told apart; who shows an access token is anybody, whose
  // questions leave room for theirs.
  const of = peer === 'bearer' && named === 'decision' ? 'issuance' : named;
  const arrival = { of, address };
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
