import type { AdmissionDoor } from '../admission/admission.module.js';
import { RpcError, decodeMessage, type CallContext, type RpcMethod } from '@castellan/rpc';
import { parseTraceparent, runInTrace } from '../tracing/trace-context.js';
import { activeTracer } from '../tracing/tracing.js';
import { invokeMethod, type HostedMethod, type InvocationDependencies } from './rpc-invocation.js';

/**
 * A method as it is served to other processes, bytes in and bytes out. The peer table comes first: nothing is parsed
 * for a peer that may not call. Rejects with RpcError and nothing else.
 */
export type ServedMethod = (bytes: Buffer, context: CallContext, traceparent: unknown) => Promise<Buffer>;

function decodeRequest(method: RpcMethod, bytes: Buffer): unknown {
  try {
    return decodeMessage(method.requestDeserialize, bytes);
  } catch (cause) {
    throw new RpcError('INVALID_ARGUMENT', 'the request is malformed', { cause });
  }
}

/** Does work as part of the caller's trace, where traces are kept and the caller has one. */
function inTraceOf<T>(traceparent: unknown, work: () => T): T {
  if (activeTracer() === undefined) return work();
  const caller = parseTraceparent(traceparent);
  return caller === undefined ? work() : runInTrace(caller, work);
}

export type ServingDependencies = InvocationDependencies & { readonly admission: AdmissionDoor | undefined };

/** Does work in a place of its class, or refuses it before anything is read. */
async function admit<T>(door: AdmissionDoor | undefined, method: HostedMethod, work: () => Promise<T>): Promise<T> {
  const of = door?.classOf(method.name) ?? 'always';
  if (door === undefined || of === 'always') return work();
  // Callers are our own services and programs that the operator listed: they are not told apart.
  const arrival = { of, address: '' };
  // Not UNAVAILABLE: that would be asked again at once.
  if (door.admission.enter(arrival) !== undefined)
    throw new RpcError('RESOURCE_EXHAUSTED', 'the service is overloaded');
  try {
    return await work();
  } finally {
    door.admission.leave(arrival);
  }
}

/** Serves a method the same way on every transport: a unary call and an item of a stream both come through here. */
export function serveMethod(hosted: HostedMethod, method: RpcMethod, to: ServingDependencies): ServedMethod {
  const decoding: HostedMethod = {
    ...hosted,
    handle: (bytes, context) => hosted.handle(decodeRequest(method, bytes as Buffer), context),
  };

  return async function serve(bytes, context, traceparent) {
    const response = await admit(to.admission, hosted, () =>
      inTraceOf(traceparent, () => invokeMethod(decoding, bytes, context, to)),
    );
    try {
      return method.responseSerialize(response as never);
    } catch (error) {
      to.logger.error('An rpc answered what cannot be sent', { rpc: hosted.name, error });
      throw new RpcError('INTERNAL', 'internal error');
    }
  };
}
