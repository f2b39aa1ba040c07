import { randomInt } from 'node:crypto';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import {
  BATCH_BYTES,
  DEFAULT_SERVER_DEADLINE_MS,
  MESSAGE_WINDOW,
  RpcError,
  clampDeadline,
  decodeMessage,
  newRequestId,
  toGrpcStatus,
  type CallContext,
  type RpcStreamMethod,
} from '@castellan/rpc';
import type { Caller } from './rpc-door.js';
import { admitCall, type ServingDependencies } from './admit-calls.js';
import { invokeMethod, type HostedMethod } from './rpc-invocation.js';
import type { StreamRule } from './stream-rule.js';

// A stream stays with one server; ending it now and then spreads callers over servers that came later.
const STREAM_AGE_MS = 300_000;
const STREAM_AGE_SPREAD_MS = 60_000;
/** How long a caller that was asked to leave may go on. */
const LEAVE_MS = 30_000;

/** Bytes in: what a stranger sends is read by ourselves, strictly. */
export type MessageStream = ServerDuplexStream<Buffer, unknown>;

export type ServedMessages = {
  readonly hosted: HostedMethod;
  readonly method: RpcStreamMethod;
  readonly rule: StreamRule;
};

/** Ends a stream with a refusal. */
export function failStream(call: MessageStream, thrown: unknown): void {
  const error = thrown instanceof RpcError ? thrown : new RpcError('INTERNAL', 'internal error');
  call.emit('error', { code: toGrpcStatus(error.code), details: error.message });
}

/**
 * Serves one stream of messages for a caller that is known. Each message is authorized, bounded, counted and traced by
 * itself, exactly as a unary call. At most `MESSAGE_WINDOW` messages, and half a MiB of them, are unanswered: then, or while
 * the caller does not take its answers, nothing more is read. Returns what asks the caller to leave.
 */
export function serveMessages(
  call: MessageStream,
  { hosted, method, rule }: ServedMessages,
  caller: Caller,
  to: ServingDependencies,
): () => void {
  /** Bytes of each message whose answer was not taken by the transport, by the caller's number. */
  const open = new Map<number, number>();
  const ready: { readonly id: number; readonly response: unknown }[] = [];
  let openBytes = 0;
  let isWritable = true;
  let hasEnded = false;
  let isGone = false;
  let fuse: NodeJS.Timeout | undefined;

  function receive(bytes: Buffer): void {
    if (isGone) return;
    const request = decode(method, bytes);
    if (request === undefined) return fail(new RpcError('INVALID_ARGUMENT', 'the message is malformed'));
    const id = rule.idOf(request);
    if (open.has(id)) return fail(new RpcError('INVALID_ARGUMENT', `message ${id} is not answered yet`));
    open.set(id, bytes.length);
    openBytes += bytes.length;
    void begin(id, request);
    throttle();
  }

  async function begin(id: number, request: never): Promise<void> {
    const asked = rule.deadlineMsOf(request);
    const waits = clampDeadline(asked === 0 ? undefined : asked, DEFAULT_SERVER_DEADLINE_MS);
    const context: CallContext = { ...caller, deadline: Date.now() + waits, requestId: newRequestId() };
    try {
      answer(id, await admitCall(hosted, to, caller, () => invokeMethod(hosted, request, context, to)));
    } catch (thrown) {
      const error = thrown instanceof RpcError ? thrown : new RpcError('INTERNAL', 'internal error');
      const refusal = rule.refuse(request, error);
      if (refusal === undefined) fail(error);
      else answer(id, refusal);
    }
  }

  function answer(id: number, response: unknown): void {
    if (isGone) return;
    ready.push({ id, response });
    flush();
  }

  function flush(): void {
    while (!isGone && isWritable) {
      const next = ready.shift();
      if (next === undefined) break;
      openBytes -= open.get(next.id) ?? 0;
      open.delete(next.id);
      isWritable = call.write(next.response);
    }
    throttle();
    if (hasEnded && open.size === 0 && !isGone) {
      lose();
      call.end();
    }
  }

  function throttle(): void {
    if (isGone) return;
    if (!isWritable || open.size >= MESSAGE_WINDOW || openBytes >= BATCH_BYTES) call.pause();
    else if (call.isPaused()) call.resume();
  }

  function fail(error: RpcError): void {
    if (isGone) return;
    lose();
    failStream(call, error);
  }

  function lose(): void {
    isGone = true;
    ready.length = 0;
    clearTimeout(age);
    clearTimeout(fuse);
  }

  function leave(): void {
    if (isGone || fuse !== undefined) return;
    call.write(rule.goingAway);
    fuse = setTimeout(() => fail(new RpcError('UNAVAILABLE', 'the stream is over; open another one')), LEAVE_MS);
    fuse.unref();
  }

  const age = setTimeout(leave, STREAM_AGE_MS + randomInt(STREAM_AGE_SPREAD_MS));
  age.unref();
  call.on('drain', () => {
    isWritable = true;
    flush();
  });
  call.on('end', () => {
    hasEnded = true;
    flush();
  });
  call.on('cancelled', lose);
  call.on('close', lose);
  call.on('error', lose);
  call.on('data', receive);
  return leave;
}

function decode(method: RpcStreamMethod, bytes: Buffer): undefined | never {
  try {
    return decodeMessage(method.requestDeserialize, bytes) as never;
  } catch {
    return undefined;
  }
}
