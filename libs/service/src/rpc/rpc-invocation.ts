import { HttpException } from '@nestjs/common';
import { RpcError, type CallContext, type PeerName } from '@castellan/rpc';
import type { Logger } from '../logger.js';
import type { Metrics } from '../metrics.js';
import { activeTracer } from '../tracing/tracing.js';
import type { StreamRule } from './stream-rule.js';

/** A method of a hosted service, ready to be called by either door. */
export type HostedMethod = {
  /** Full name, such as `castellan.keys.v1.Keys/GetKey`. */
  readonly name: string;
  readonly peers: readonly PeerName[];
  readonly handle: (request: unknown, context: CallContext) => Promise<unknown>;
  /** Of an rpc of two streams, which is handled message by message. */
  readonly stream?: StreamRule;
};

export type InvocationDependencies = { readonly logger: Logger; readonly metrics: Metrics };

/** The one mapping of what a handler (or a guard before it) throws; faults are logged here, once, and hidden. */
function toRpcError(thrown: unknown, method: HostedMethod, context: CallContext, to: InvocationDependencies): RpcError {
  if (thrown instanceof RpcError) return thrown;
  if (thrown instanceof HttpException && thrown.getStatus() === 403) {
    return new RpcError('PERMISSION_DENIED', 'permission denied');
  }
  if (thrown instanceof HttpException && thrown.getStatus() === 401) {
    return new RpcError('UNAUTHENTICATED', 'unauthenticated');
  }
  to.metrics.countFault('rpc');
  to.logger.error('An rpc failed', {
    rpc: method.name,
    peer: context.peer,
    request_id: context.requestId,
    error: thrown,
  });
  return new RpcError('INTERNAL', 'internal error');
}

function rejectAtDeadline<T>(work: Promise<T>, deadline: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new RpcError('DEADLINE_EXCEEDED', 'the deadline was exceeded')),
      Math.max(deadline - Date.now(), 0),
    );
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/**
 * Calls a hosted method for a peer: the peer table first, then the guards and the handler, bounded by the deadline.
 * Both doors (gRPC and in process) end here, so answers and errors cannot differ.
 * @throws RpcError, never anything else
 */
export async function invokeMethod(
  method: HostedMethod,
  request: unknown,
  context: CallContext,
  to: InvocationDependencies,
): Promise<unknown> {
  const tracer = activeTracer();
  if (tracer === undefined) return answerMethod(method, request, context, to);
  const attributes = {
    'rpc.system': 'grpc',
    'castellan.peer': context.peer,
    'castellan.request_id': context.requestId,
  };
  return tracer.trace(method.name, 'server', attributes, () => answerMethod(method, request, context, to));
}

/** Throws RpcError PERMISSION_DENIED for a peer that is not in the row of the method. */
export function requirePeer({ name, peers }: Pick<HostedMethod, 'name' | 'peers'>, peer: PeerName): void {
  if (!peers.includes(peer)) throw new RpcError('PERMISSION_DENIED', `${peer} may not call ${name}`);
}

async function answerMethod(
  method: HostedMethod,
  request: unknown,
  context: CallContext,
  to: InvocationDependencies,
): Promise<unknown> {
  const startedAt = process.hrtime.bigint();
  let code: string = 'OK';
  to.metrics.countInFlight('rpc', 1);
  try {
    requirePeer(method, context.peer);
    return await rejectAtDeadline(method.handle(request, context), context.deadline);
  } catch (thrown) {
    const error = toRpcError(thrown, method, context, to);
    code = error.code;
    throw error;
  } finally {
    to.metrics.countInFlight('rpc', -1);
    to.metrics.observeRpc(method.name, code, Number(process.hrtime.bigint() - startedAt) / 1e9);
  }
}
