/** Who may call: the five services, and `client` for programs of other teams that were listed by certificate name. */
export const PEER_NAMES = ['gateway', 'admin', 'token', 'warden', 'keys', 'client'] as const;

/** A name that a certificate gives its caller (or, in one process, the calling module). */
export type StatedPeerName = (typeof PEER_NAMES)[number];

/** A caller's name. `bearer` has no certificate: it shows an access token, at a port that takes nothing else. */
export type PeerName = StatedPeerName | 'bearer';

export function isPeerName(value: unknown): value is StatedPeerName {
  return PEER_NAMES.some((name) => name === value);
}

/** What a caller that is none of the services proved itself by. A token is shown, and not judged yet. */
export type CallerCredential =
  { readonly kind: 'certificate'; readonly name: string } | { readonly kind: 'bearer'; readonly token: string };

/** One unary rpc as ts-proto describes it for grpc-js. */
export type RpcMethod = {
  readonly path: string;
  readonly requestStream: false;
  readonly responseStream: false;
  readonly requestSerialize: (value: never) => Buffer;
  readonly requestDeserialize: (bytes: Buffer) => unknown;
  readonly responseSerialize: (value: never) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => unknown;
};

/** An rpc of two streams, on which each message of the caller is answered by one, in any order. */
export type RpcStreamMethod = Omit<RpcMethod, 'requestStream' | 'responseStream'> & {
  readonly requestStream: true;
  readonly responseStream: true;
};

/** A service as ts-proto describes it: rpcs by their name in camel case. */
export type RpcDefinition = { readonly [method: string]: RpcMethod | RpcStreamMethod };

/** Whether an rpc is one request and one answer. */
export function isUnary(method: RpcMethod | RpcStreamMethod): method is RpcMethod {
  return !method.requestStream;
}

export type RequestOf<M> = M extends { requestDeserialize: (bytes: Buffer) => infer Request } ? Request : never;
export type ResponseOf<M> = M extends { responseDeserialize: (bytes: Buffer) => infer Response } ? Response : never;

/** What a handler knows of the call beside the request. */
export type CallContext = {
  readonly peer: PeerName;
  /** Of `client` and `bearer`, where the call came over the wire. */
  readonly credential?: CallerCredential;
  /** Where a `bearer` calls from, as far as this process sees. */
  readonly address?: string;
  /** Milliseconds since the epoch. */
  readonly deadline: number;
  readonly requestId: string;
};

/** What a caller may say beside the request. */
export type CallOptions = {
  /** Milliseconds from now; 2000 by default, at most 30000. */
  readonly deadlineMs?: number;
  readonly requestId?: string;
  /** W3C `traceparent` of the work that calls, where it is traced. */
  readonly traceparent?: string;
  /** Access token; sent only by a channel whose security is `bearer`. */
  readonly bearer?: string;
};

/**
 * What a provider of service `S` implements; an rpc of streams is called for each message. Answers are returned; refusals
 * are thrown as `RpcError`.
 */
export type RpcHandlers<S> = {
  -readonly [M in keyof S]: (request: RequestOf<S[M]>, context: CallContext) => Promise<ResponseOf<S[M]>>;
};

/** What a consumer of service `S` calls: its unary rpcs. Rejects with `RpcError` and nothing else. */
export type RpcClient<S> = {
  readonly [M in keyof S as S[M] extends RpcStreamMethod ? never : M]: (
    request: RequestOf<S[M]>,
    options?: CallOptions,
  ) => Promise<ResponseOf<S[M]>>;
};

/** Who may call which rpc of service `S`. A peer that is not in the row is refused. */
export type PeerTable<S> = { readonly [M in keyof S]: readonly PeerName[] };

/** Full name of the service, such as `castellan.keys.v1.Keys`. */
export function serviceNameOf(definition: RpcDefinition): string {
  const [first] = Object.values(definition);
  const name = first?.path.split('/')[1];
  if (name === undefined) throw new TypeError('a service needs at least one rpc');
  return name;
}

/** Rooms of services whose protocol is somebody else's. */
const roomsOfForeignServices: ReadonlyMap<string, string> = new Map([
  ['envoy.service.auth.v3.Authorization', 'warden'],
]);

/** The room that serves it: the second word of the proto package, `keys` of `castellan.keys.v1`. */
export function serviceRoomOf(definition: RpcDefinition): string {
  const name = serviceNameOf(definition);
  return roomsOfForeignServices.get(name) ?? name.split('.')[1] ?? '';
}
