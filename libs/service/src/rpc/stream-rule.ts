import type { RequestOf, ResponseOf, RpcError, RpcStreamMethod } from '@castellan/rpc';

/** What the host must know of the messages of an rpc of two streams. */
export type StreamRule<Request = never, Response = unknown> = {
  /** The caller's number of a message; a number that is not answered yet may not come again. */
  readonly idOf: (request: Request) => number;
  /** Milliseconds that the caller waits for the answer; 0 leaves it to the server. */
  readonly deadlineMsOf: (request: Request) => number;
  /** The answer that carries a refusal of one message; undefined where it is the whole stream that must end. */
  readonly refuse: (request: Request, error: RpcError) => Response | undefined;
  /** Tells the caller to go elsewhere. */
  readonly goingAway: Response;
};

/** The rules of all rpcs of two streams of service `S`. */
export type StreamRules<S> = {
  readonly [M in keyof S as S[M] extends RpcStreamMethod ? M : never]: StreamRule<RequestOf<S[M]>, ResponseOf<S[M]>>;
};
