import { RpcError, decodeMessage, type CallContext, type RpcMethod } from '@castellan/rpc';
import { parseTraceparent, runInTrace } from '../tracing/trace-context.js';
import { activeTracer } from '../tracing/tracing.js';
import { admitCall, type ServingDependencies } from './admit-calls.js';
import { invokeMethod, type HostedMethod } from './rpc-invocation.js';

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

/** Serves a method the same way on every transport: a unary call and an item of a stream both come through here. */
export function serveMethod(hosted: HostedMethod, method: RpcMethod, to: ServingDependencies): ServedMethod {
  const decoding: HostedMethod = {
    ...hosted,
    handle: (bytes, context) => hosted.handle(decodeRequest(method, bytes as Buffer), context),
  };

  return async function serve(bytes, context, traceparent) {
    const response = await admitCall(hosted, to, context, () =>
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
