import { randomInt } from 'node:crypto';
import type { Server, ServerDuplexStream, ServiceDefinition } from '@grpc/grpc-js';
import {
  BATCH_BYTES,
  CALL_WINDOW,
  DEFAULT_SERVER_DEADLINE_MS,
  MAX_CALLS_PER_BATCH,
  MAX_STREAMED_RESPONSE_BYTES,
  RpcError,
  callsV1,
  clampDeadline,
  decodeMessage,
  isUnary,
  readRequestId,
  toGrpcStatus,
} from '@castellan/rpc';
import type { Caller } from './rpc-door.js';
import type { HostedService } from './rpc-host.js';
import type { ServingDependencies } from './admit-calls.js';
import { serveMethod, type ServedMethod } from './served-method.js';

const { exchange } = callsV1.CallsService;

// A stream stays with one server; ending it now and then spreads callers over servers that came later.
const STREAM_AGE_MS = 300_000;
const STREAM_AGE_SPREAD_MS = 60_000;

/** Bytes in: what a stranger sends is read by ourselves, strictly. */
type Exchange = ServerDuplexStream<Buffer, callsV1.CallBatchResult>;

export type CallStreamDependencies = ServingDependencies & {
  /** @throws RpcError UNAUTHENTICATED */
  readonly authenticate: (call: Exchange) => Caller;
};

/** The open streams of a server. */
export type CallStreams = {
  /** Asks every caller to go elsewhere; a stream ends when its caller ended it and everything is answered. */
  drain(): void;
};

/**
 * Serves `castellan.rpc.v1.Calls`: unary calls of the given services, many in one message. Each call is authorized,
 * bounded, counted and traced by itself, exactly as a unary one; one that fails hurts no other. Whoever does not read
 * its answers is not read from either.
 */
export function addCallStreams(
  server: Server,
  services: readonly HostedService[],
  dependencies: CallStreamDependencies,
): CallStreams {
  const methods = methodsByName(services, dependencies);
  const leaving = new Set<() => void>();
  let isDraining = false;

  function open(call: Exchange): void {
    try {
      const caller = dependencies.authenticate(call);
      const leave = serveExchange(call, (name) => methods.get(name), caller);
      leaving.add(leave);
      call.once('close', () => leaving.delete(leave));
      call.once('cancelled', () => leaving.delete(leave));
      if (isDraining) leave();
    } catch (thrown) {
      const error = thrown instanceof RpcError ? thrown : new RpcError('INTERNAL', 'internal error');
      fail(call, error);
    }
  }

  const definition = { exchange: { ...exchange, requestDeserialize: (bytes: Buffer) => bytes } };
  server.addService(definition as unknown as ServiceDefinition, { exchange: open });
  return {
    drain() {
      isDraining = true;
      for (const leave of leaving) leave();
    },
  };
}

function methodsByName(
  services: readonly HostedService[],
  dependencies: ServingDependencies,
): ReadonlyMap<string, ServedMethod> {
  const methods = new Map<string, ServedMethod>();
  for (const service of services) {
    for (const [name, method] of Object.entries(service.definition)) {
      const hosted = service.methods.get(name);
      if (hosted !== undefined && isUnary(method)) methods.set(hosted.name, serveMethod(hosted, method, dependencies));
    }
  }
  return methods;
}

function fail(call: Exchange, error: RpcError): void {
  call.emit('error', { code: toGrpcStatus(error.code), details: error.message });
}

/** Serves one stream; answers what asks its caller to leave it. */
function serveExchange(call: Exchange, find: (name: string) => ServedMethod | undefined, caller: Caller): () => void {
  let ready: callsV1.CallResult[] = [];
  /** Calls whose answers have not been taken by the transport. */
  let open = 0;
  let isScheduled = false;
  let isWritable = true;
  let hasEnded = false;
  let isGone = false;

  function receive(bytes: Buffer): void {
    if (isGone) return;
    const batch = decodeBatch(bytes);
    if (batch === undefined) {
      isGone = true;
      return fail(call, new RpcError('INVALID_ARGUMENT', 'the batch of calls is malformed'));
    }
    open += batch.calls.length;
    const served = batch.methods.map(find);
    for (const item of batch.calls) void begin(item, served[item.method]);
    throttle();
  }

  async function begin(item: callsV1.Call, serve: ServedMethod | undefined): Promise<void> {
    answer(await answerCall(item, serve, caller));
  }

  function answer(result: callsV1.CallResult): void {
    if (isGone) return;
    ready.push(result);
    schedule();
  }

  function schedule(): void {
    if (isScheduled) return;
    isScheduled = true;
    setImmediate(flush);
  }

  function flush(): void {
    isScheduled = false;
    while (!isGone && isWritable && ready.length > 0) {
      const results = takeResults(ready);
      ready = ready.slice(results.length);
      open -= results.length;
      isWritable = call.write({ results, goingAway: false });
    }
    throttle();
    if (hasEnded && open === 0 && !isGone) {
      isGone = true;
      call.end();
    }
  }

  function throttle(): void {
    if (open >= CALL_WINDOW || !isWritable) call.pause();
    else if (call.isPaused()) call.resume();
  }

  function leave(): void {
    if (!isGone) call.write({ results: [], goingAway: true });
  }

  function lose(): void {
    isGone = true;
    ready = [];
    clearTimeout(age);
  }

  const age = setTimeout(leave, STREAM_AGE_MS + randomInt(STREAM_AGE_SPREAD_MS));
  age.unref();
  call.on('drain', () => {
    isWritable = true;
    schedule();
  });
  call.on('end', () => {
    hasEnded = true;
    clearTimeout(age);
    schedule();
  });
  call.on('cancelled', lose);
  call.on('error', lose);
  call.on('data', receive);
  return leave;
}

function decodeBatch(bytes: Buffer): callsV1.CallBatch | undefined {
  try {
    const batch = decodeMessage(exchange.requestDeserialize, bytes);
    return batch.calls.length <= MAX_CALLS_PER_BATCH && batch.methods.length <= MAX_CALLS_PER_BATCH ? batch : undefined;
  } catch {
    return undefined;
  }
}

async function answerCall(
  { id, deadlineMs, requestId, traceparent, request }: callsV1.Call,
  serve: ServedMethod | undefined,
  caller: Caller,
): Promise<callsV1.CallResult> {
  try {
    if (serve === undefined) throw new RpcError('UNIMPLEMENTED', 'this port serves no such method');
    const waits = clampDeadline(deadlineMs === 0 ? undefined : deadlineMs, DEFAULT_SERVER_DEADLINE_MS);
    const context = { ...caller, deadline: Date.now() + waits, requestId: readRequestId(requestId) };
    const response = await serve(request, context, traceparent);
    if (response.length > MAX_STREAMED_RESPONSE_BYTES) {
      throw new RpcError('RESOURCE_EXHAUSTED', 'the answer is larger than a message may be');
    }
    return { id, code: 0, message: '', response };
  } catch (thrown) {
    const error = thrown instanceof RpcError ? thrown : new RpcError('INTERNAL', 'internal error');
    return { id, code: toGrpcStatus(error.code), message: error.message, response: Buffer.alloc(0) };
  }
}

/** The first answers that fit into one message. */
function takeResults(ready: readonly callsV1.CallResult[]): callsV1.CallResult[] {
  let bytes = 0;
  let count = 0;
  while (count < ready.length && count < CALL_WINDOW) {
    bytes += ready[count]?.response.length ?? 0;
    if (count > 0 && bytes > BATCH_BYTES) break;
    count++;
  }
  return ready.slice(0, count);
}
