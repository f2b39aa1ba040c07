import { Metadata, status, type Client, type ClientDuplexStream, type StatusObject } from '@grpc/grpc-js';
import { MAX_WAITING_CALLS, MESSAGE_WINDOW } from './call-stream-limits.js';
import type { RequestOf, ResponseOf, RpcStreamMethod } from './contract.js';
import { DEFAULT_CALL_DEADLINE_MS, clampDeadline } from './deadline.js';
import { RpcError, fromGrpcStatus } from './rpc-error.js';

/** How the answers of an rpc of two streams are told apart. */
export type AnswerRule<Response> = {
  /** The number that the question had. */
  readonly idOf: (response: Response) => number;
  /** Whether this answers nothing, and asks to open another stream. */
  readonly isGoingAway: (response: Response) => boolean;
};

export type AskOptions = {
  /** Milliseconds from now; 2000 by default. */
  readonly deadlineMs?: number;
  /** Access token, on a channel for such. */
  readonly bearer?: string;
};

/** Questions over one stream at a time, which is opened when it is needed. */
export type MessageStream<Request, Response> = {
  /**
   * Sends what is made of the question's number and of the milliseconds that are left. Rejects with RpcError, as a unary
   * call does: a stream that was lost is UNAVAILABLE, or what the server said of the caller.
   */
  ask(make: (id: number, deadlineMs: number) => Request, options?: AskOptions): Promise<Response>;
  /** Lets sent questions be answered, and takes no more. */
  close(): void;
};

export type MessageStreamOptions<Method extends RpcStreamMethod> = {
  readonly client: Client;
  readonly method: Method;
  readonly rule: AnswerRule<ResponseOf<Method>>;
  /** What the stream says of its caller. */
  readonly metadataOf: (bearer: string | undefined) => Metadata;
};

type Question<Request, Response> = {
  readonly make: (id: number, deadlineMs: number) => Request;
  /** Milliseconds of `performance.now()`. */
  readonly deadline: number;
  readonly bearer: string | undefined;
  readonly settle: (error: RpcError | undefined, response?: Response) => void;
  /** Settled; where it was sent, its number is taken until the server answers. */
  isOver: boolean;
};

type OpenStream<Request, Response> = {
  readonly call: ClientDuplexStream<Request, Response>;
  readonly bearer: string | undefined;
  readonly sent: Map<number, Question<Request, Response>>;
  isWritable: boolean;
};

/**
 * Makes the questions of one channel. At most `MESSAGE_WINDOW` are unanswered, the others wait, as they do while the
 * transport takes no more. Another token, and a server that goes away, open another stream; the old one ends when it is
 * answered.
 */
export function openMessageStream<Method extends RpcStreamMethod>(
  options: MessageStreamOptions<Method>,
): MessageStream<RequestOf<Method>, ResponseOf<Method>> {
  type Request = RequestOf<Method>;
  type Response = ResponseOf<Method>;
  const { client, method, rule } = options;
  const waiting: Question<Request, Response>[] = [];
  let current: OpenStream<Request, Response> | undefined;
  let lastId = 0;
  let isClosed = false;

  function pump(): void {
    for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
      if (next.isOver) {
        waiting.shift();
        continue;
      }
      if (current !== undefined && current.bearer !== next.bearer) leave(current);
      const open = (current ??= openStream(next.bearer));
      if (open === undefined || !open.isWritable || open.sent.size >= MESSAGE_WINDOW) return;
      waiting.shift();
      send(open, next);
    }
  }

  function send(open: OpenStream<Request, Response>, question: Question<Request, Response>): void {
    do lastId = (lastId + 1) >>> 0;
    while (open.sent.has(lastId));
    const left = Math.max(Math.round(question.deadline - performance.now()), 1);
    open.sent.set(lastId, question);
    open.isWritable = open.call.write(question.make(lastId, left));
  }

  function openStream(bearer: string | undefined): OpenStream<Request, Response> | undefined {
    try {
      const call = client.makeBidiStreamRequest(
        method.path,
        (request: Request) => method.requestSerialize(request as never),
        (bytes: Buffer) => method.responseDeserialize(bytes) as Response,
        options.metadataOf(bearer),
      );
      const open: OpenStream<Request, Response> = { call, bearer, sent: new Map(), isWritable: true };
      call.on('data', (response: Response) => receive(open, response));
      call.on('drain', () => {
        open.isWritable = true;
        pump();
      });
      // The status says everything; without a listener an error would be thrown.
      call.on('error', () => undefined);
      call.on('status', (ended: StatusObject) => lose(open, ended));
      return open;
    } catch (cause) {
      refuse(waiting.splice(0), new RpcError('UNAVAILABLE', 'the channel is closed', { cause }));
      return undefined;
    }
  }

  function receive(open: OpenStream<Request, Response>, response: Response): void {
    if (rule.isGoingAway(response)) return leave(open);
    const id = rule.idOf(response);
    const question = open.sent.get(id);
    open.sent.delete(id);
    question?.settle(undefined, response);
    pump();
  }

  /** Ends our side; what was sent is still answered, and the next question opens another stream. */
  function leave(open: OpenStream<Request, Response>): void {
    if (current === open) current = undefined;
    open.call.end();
  }

  function lose(open: OpenStream<Request, Response>, ended: StatusObject): void {
    if (current === open) current = undefined;
    const lost = [...open.sent.values()];
    open.sent.clear();
    refuse(
      lost,
      ended.code === status.OK
        ? new RpcError('UNAVAILABLE', 'the stream ended before the answer')
        : fromGrpcStatus(ended.code, ended.details, ended),
    );
    pump();
  }

  return {
    ask(make, { deadlineMs, bearer } = {}) {
      if (isClosed) return Promise.reject(new RpcError('UNAVAILABLE', 'the channel is closed'));
      if (waiting.length >= MAX_WAITING_CALLS) {
        return Promise.reject(new RpcError('RESOURCE_EXHAUSTED', 'too many questions are waiting'));
      }
      const waits = clampDeadline(deadlineMs, DEFAULT_CALL_DEADLINE_MS);
      return new Promise((resolve, reject) => {
        const timer = setTimeout(
          () => question.settle(new RpcError('DEADLINE_EXCEEDED', 'the deadline was exceeded')),
          waits,
        );
        const question: Question<Request, Response> = {
          make,
          deadline: performance.now() + waits,
          bearer,
          isOver: false,
          settle(error, response) {
            if (question.isOver) return;
            question.isOver = true;
            clearTimeout(timer);
            if (error === undefined) resolve(response as Response);
            else reject(error);
          },
        };
        waiting.push(question);
        pump();
      });
    },
    close() {
      isClosed = true;
      refuse(waiting.splice(0), new RpcError('UNAVAILABLE', 'the channel is closed'));
      current?.call.end();
      current = undefined;
    },
  };
}

function refuse(questions: readonly { readonly settle: (error: RpcError) => void }[], error: RpcError): void {
  for (const { settle } of questions) settle(error);
}
