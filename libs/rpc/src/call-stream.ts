import { Metadata, status, type Client, type ClientDuplexStream, type StatusObject } from '@grpc/grpc-js';
import { PEER_METADATA } from './call-metadata.js';
import {
  BATCH_BYTES,
  CALL_WINDOW,
  FAILING_MS,
  MAX_CALLS_PER_BATCH,
  MAX_WAITING_CALLS,
  UNARY_ONLY_MS,
} from './call-stream-limits.js';
import type { PeerName } from './contract.js';
import { CallsService, type Call, type CallBatch, type CallBatchResult } from './gen/castellan/rpc/v1/calls.js';
import { RpcError, fromGrpcStatus } from './rpc-error.js';

/** A call that is ready to be sent. */
export type OutgoingCall = {
  /** Path of the method, `/castellan.keys.v1.Signing/Sign`. */
  readonly path: string;
  readonly request: Buffer;
  /** Milliseconds since the epoch. */
  readonly deadline: number;
  readonly requestId: string;
  readonly traceparent: string;
  /** Told once: the bytes of the answer, or why there is none. */
  readonly settle: (error: RpcError | undefined, response: Buffer | undefined) => void;
  /** The caller waits no more: its deadline is over. */
  isOver: boolean;
};

/** Calls to one address, over one stream at a time that is opened when it is needed. */
export type CallStream = {
  call(outgoing: OutgoingCall): void;
  /** Whether the address could not be reached a moment ago. */
  isFailing(): boolean;
  /** Lets sent calls end, and takes no more. */
  close(): void;
};

export type CallStreamOptions = {
  readonly client: Client;
  /** Stated on a plaintext channel. */
  readonly statedPeer?: PeerName;
  /** Makes a call without the stream; for peers that do not know it. */
  readonly callUnary: (outgoing: OutgoingCall) => void;
};

type Exchange = ClientDuplexStream<CallBatch, CallBatchResult>;
type OpenStream = {
  readonly exchange: Exchange;
  readonly sent: Map<number, OutgoingCall>;
  /** Something was answered, so that the peer knows the stream. */
  isKnown: boolean;
  isWritable: boolean;
};

/**
 * Sends the calls of one turn of the event loop in one message. At most `CALL_WINDOW` are unanswered; the others wait,
 * so that batches grow by themselves when the far side is busy. When the stream is lost, what was sent on it is
 * UNAVAILABLE, for nobody knows whether it was done, and the next call opens another; the channel beneath keeps the
 * pauses between attempts to connect.
 */
export function openCallStream({ client, statedPeer, callUnary }: CallStreamOptions): CallStream {
  let waiting: OutgoingCall[] = [];
  let current: OpenStream | undefined;
  let lastId = 0;
  let isScheduled = false;
  let isClosed = false;
  let unaryUntil = 0;
  let failingUntil = 0;

  function schedule(): void {
    if (isScheduled) return;
    isScheduled = true;
    setImmediate(flush);
  }

  function flush(): void {
    isScheduled = false;
    if (waiting.some(({ isOver }) => isOver)) waiting = waiting.filter(({ isOver }) => !isOver);
    while (waiting.length > 0) {
      const open = (current ??= openStream());
      if (open === undefined || !open.isWritable) return;
      const room = Math.min(MAX_CALLS_PER_BATCH, CALL_WINDOW - open.sent.size);
      if (room <= 0) return;
      const taken = takeBatch(waiting, room);
      waiting = waiting.slice(taken.length);
      open.isWritable = open.exchange.write(toBatch(taken, open.sent, nextId));
    }
  }

  function nextId(): number {
    lastId = (lastId + 1) >>> 0;
    return lastId;
  }

  function openStream(): OpenStream | undefined {
    const { path, requestSerialize, responseDeserialize } = CallsService.exchange;
    const metadata = new Metadata();
    if (statedPeer !== undefined) metadata.set(PEER_METADATA, statedPeer);
    try {
      const exchange: Exchange = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata);
      const open: OpenStream = { exchange, sent: new Map(), isKnown: false, isWritable: true };
      exchange.on('data', (result: CallBatchResult) => receive(open, result));
      exchange.on('drain', () => {
        open.isWritable = true;
        schedule();
      });
      // The status says everything; without a listener an error would be thrown.
      exchange.on('error', () => undefined);
      exchange.on('status', (ended: StatusObject) => lose(open, ended));
      return open;
    } catch (cause) {
      refuse(waiting.splice(0), new RpcError('UNAVAILABLE', 'the channel is closed', { cause }));
      return undefined;
    }
  }

  function receive(open: OpenStream, { results, goingAway }: CallBatchResult): void {
    open.isKnown = true;
    failingUntil = 0;
    for (const { id, code, message, response } of results) {
      const outgoing = open.sent.get(id);
      if (outgoing === undefined) continue;
      open.sent.delete(id);
      if (code === status.OK) outgoing.settle(undefined, response);
      else outgoing.settle(fromGrpcStatus(code, message), undefined);
    }
    if (goingAway) leave(open);
    if (waiting.length > 0) schedule();
  }

  /** Ends our side; what was sent is still answered, and the next call opens another stream. */
  function leave(open: OpenStream): void {
    if (current === open) current = undefined;
    open.exchange.end();
  }

  function lose(open: OpenStream, ended: StatusObject): void {
    if (current === open) current = undefined;
    const lost = [...open.sent.values()];
    open.sent.clear();
    if (ended.code === status.UNIMPLEMENTED && !open.isKnown) {
      // The peer never read what was sent.
      unaryUntil = Date.now() + UNARY_ONLY_MS;
      for (const outgoing of [...lost, ...waiting.splice(0)]) if (!outgoing.isOver) callUnary(outgoing);
      return;
    }
    if (ended.code === status.UNAVAILABLE) failingUntil = Date.now() + FAILING_MS;
    const error =
      ended.code === status.OK
        ? new RpcError('UNAVAILABLE', 'the stream ended before the answer')
        : fromGrpcStatus(ended.code, ended.details, ended);
    refuse(lost, error);
    if (waiting.length > 0) schedule();
  }

  function call(outgoing: OutgoingCall): void {
    if (isClosed) return outgoing.settle(new RpcError('UNAVAILABLE', 'the channel is closed'), undefined);
    if (unaryUntil > 0 && Date.now() < unaryUntil) return callUnary(outgoing);
    if (waiting.length >= MAX_WAITING_CALLS) {
      return outgoing.settle(new RpcError('RESOURCE_EXHAUSTED', 'too many calls are waiting'), undefined);
    }
    waiting.push(outgoing);
    schedule();
  }

  function close(): void {
    if (isClosed) return;
    isClosed = true;
    flush();
    refuse(waiting.splice(0), new RpcError('UNAVAILABLE', 'the channel is closed'));
    current?.exchange.end();
    client.close();
  }

  return { call, close, isFailing: () => failingUntil > 0 && Date.now() < failingUntil };
}

/** The first calls that fit into one message. */
function takeBatch(waiting: readonly OutgoingCall[], room: number): readonly OutgoingCall[] {
  let bytes = 0;
  let count = 0;
  while (count < room && count < waiting.length && (count === 0 || bytes < BATCH_BYTES)) {
    bytes += waiting[count]?.request.length ?? 0;
    count++;
  }
  return waiting.slice(0, count);
}

/** The message for some calls, which are noted as sent under their new numbers. */
function toBatch(taken: readonly OutgoingCall[], sent: Map<number, OutgoingCall>, nextId: () => number): CallBatch {
  const now = Date.now();
  const methods: string[] = [];
  const places = new Map<string, number>();
  const calls = taken.map((outgoing): Call => {
    let method = places.get(outgoing.path);
    if (method === undefined) {
      method = methods.push(outgoing.path.slice(1)) - 1;
      places.set(outgoing.path, method);
    }
    const id = nextId();
    sent.set(id, outgoing);
    const { request, requestId, traceparent, deadline } = outgoing;
    return { id, method, request, requestId, traceparent, deadlineMs: Math.max(deadline - now, 1) };
  });
  return { methods, calls };
}

function refuse(calls: readonly OutgoingCall[], error: RpcError): void {
  for (const { settle } of calls) settle(error, undefined);
}
