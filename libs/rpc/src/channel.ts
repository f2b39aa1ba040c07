import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { Client, Metadata, credentials, type ChannelCredentials, type ServiceError } from '@grpc/grpc-js';
import { PEER_METADATA, REQUEST_ID_METADATA, TRACEPARENT_METADATA, newRequestId } from './call-metadata.js';
import { MAX_STREAMED_REQUEST_BYTES } from './call-stream-limits.js';
import { openCallStream, type OutgoingCall } from './call-stream.js';
import { uriNamesOf } from './certificate-name.js';
import {
  isUnary,
  type CallOptions,
  type PeerName,
  type RequestOf,
  type ResponseOf,
  type RpcClient,
  type RpcDefinition,
  type RpcMethod,
  type RpcStreamMethod,
} from './contract.js';
import { DEFAULT_CALL_DEADLINE_MS, clampDeadline } from './deadline.js';
import { openMessageStream, type AnswerRule, type MessageStream } from './message-stream.js';
import { RpcError, fromGrpcStatus } from './rpc-error.js';
import { openStreamSet, type ResolveHost } from './stream-set.js';

const MIB = 1024 * 1024;

/** Where a channel leads and how it is secured. */
export type RpcChannelOptions = {
  /** `host:port`, or any name that grpc-js resolves. */
  readonly target: string;
  readonly security:
    | {
        readonly kind: 'tls';
        /** PEM texts: authorities trusted for the server, and the certificate that names us. */
        readonly ca: string | Buffer;
        readonly cert: string | Buffer;
        readonly key: string | Buffer;
        /** Service expected at the far end; a certificate that names another one is refused. */
        readonly expectedServer?: string;
      }
    /** The server has a certificate, which `ca` vouches for, else the authorities that Node trusts; each call shows a token. */
    | { readonly kind: 'bearer'; readonly ca?: string | Buffer }
    /** Without encryption the caller states its name; servers take that on loopback only. */
    | { readonly kind: 'plaintext'; readonly peer: PeerName };
  /**
   * `unary` when absent: each call is one rpc of gRPC, which every server understands. `stream`: calls travel as batches
   * on one long-lived stream per address; a server that does not know it gets unary calls.
   */
  readonly transport?: RpcTransport;
  /** Addresses of a host name, for the stream; the system's resolver when absent. */
  readonly resolve?: ResolveHost;
};

/** How calls travel. */
export type RpcTransport = 'unary' | 'stream';

/** A connection that any number of clients share. */
export type RpcChannel = {
  readonly target: string;
  call(method: RpcMethod, request: unknown, options?: CallOptions): Promise<unknown>;
  /** Questions of an rpc of two streams; it ends with the channel. */
  openMessages<Method extends RpcStreamMethod>(
    method: Method,
    rule: AnswerRule<ResponseOf<Method>>,
  ): MessageStream<RequestOf<Method>, ResponseOf<Method>>;
  close(): void;
};

function verifyServer(expected: string | undefined, host: string, certificate: PeerCertificate): Error | undefined {
  const mismatch = checkServerIdentity(host, certificate);
  if (mismatch !== undefined || expected === undefined) return mismatch;
  const names = uriNamesOf(certificate.subjectaltname).filter((name) => name.startsWith('spiffe://'));
  if (names.length === 0 || names.includes(`spiffe://castellan/${expected}`)) return undefined;
  return new Error('the server certificate names another service');
}

function toCredentials(security: RpcChannelOptions['security']): ChannelCredentials {
  if (security.kind === 'plaintext') return credentials.createInsecure();
  if (security.kind === 'bearer') {
    return credentials.createSsl(security.ca === undefined ? null : Buffer.from(security.ca));
  }
  return credentials.createSsl(Buffer.from(security.ca), Buffer.from(security.key), Buffer.from(security.cert), {
    checkServerIdentity: (host, certificate) => verifyServer(security.expectedServer, host, certificate),
  });
}

const CHANNEL_OPTIONS = {
  // Only what a server that goes down never began is sent again (gRFC A6, transparent retries): without a service
  // config there is no other retry, and one would repeat calls that burn things.
  'grpc.enable_retries': 1,
  'grpc.service_config_disable_resolution': 1,
  'grpc.keepalive_time_ms': 20_000,
  'grpc.keepalive_timeout_ms': 5_000,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.initial_reconnect_backoff_ms': 200,
  'grpc.min_reconnect_backoff_ms': 200,
  'grpc.max_reconnect_backoff_ms': 3_000,
  'grpc.max_receive_message_length': MIB,
  'grpc.max_send_message_length': 4 * MIB,
};

type UnaryCall = Pick<OutgoingCall, 'path' | 'request' | 'deadline' | 'requestId' | 'traceparent' | 'settle'> &
  Pick<CallOptions, 'bearer'>;

/** What a call says of its caller where no certificate does. */
function callerMetadata(security: RpcChannelOptions['security'], bearer: string | undefined): Metadata {
  const metadata = new Metadata();
  if (security.kind === 'plaintext') metadata.set(PEER_METADATA, security.peer);
  if (security.kind === 'bearer' && bearer !== undefined) metadata.set('authorization', `Bearer ${bearer}`);
  return metadata;
}

function passBytes(bytes: Buffer): Buffer {
  return bytes;
}

function callUnary(client: Client, security: RpcChannelOptions['security'], outgoing: UnaryCall): void {
  const { path, request, deadline, requestId, traceparent, settle } = outgoing;
  const metadata = callerMetadata(security, outgoing.bearer);
  metadata.set(REQUEST_ID_METADATA, requestId === '' ? newRequestId() : requestId);
  if (traceparent !== '') metadata.set(TRACEPARENT_METADATA, traceparent);
  function answer(error: ServiceError | null, response: Buffer | undefined): void {
    if (error !== null) settle(fromGrpcStatus(error.code, error.details, error), undefined);
    else settle(undefined, response);
  }
  try {
    client.makeUnaryRequest(path, passBytes, passBytes, request, metadata, { deadline }, answer);
  } catch (cause) {
    settle(new RpcError('UNAVAILABLE', 'the channel is closed', { cause }), undefined);
  }
}

function serialize(method: RpcMethod, request: unknown): Buffer {
  try {
    return method.requestSerialize(request as never);
  } catch (cause) {
    throw new RpcError('INTERNAL', 'internal error', { cause });
  }
}

function lateError(): RpcError {
  return new RpcError('DEADLINE_EXCEEDED', 'the deadline was exceeded');
}

/** Opens a channel; it connects at the first call and again whenever the connection is lost. */
export function openRpcChannel(options: RpcChannelOptions): RpcChannel {
  const { security, target } = options;
  const credentials = toCredentials(security);
  // Connects when it is first used: never, as long as everything goes by stream.
  const client = new Client(target, credentials, CHANNEL_OPTIONS);
  const statedPeer = security.kind === 'plaintext' ? { statedPeer: security.peer } : {};
  const streams =
    options.transport !== 'stream' || security.kind === 'bearer'
      ? undefined
      : openStreamSet({
          target,
          ...(options.resolve === undefined ? {} : { resolve: options.resolve }),
          open: (address, names) =>
            openCallStream({
              client: new Client(address, credentials, { ...CHANNEL_OPTIONS, ...names }),
              callUnary: (outgoing) => callUnary(client, security, outgoing),
              ...statedPeer,
            }),
        });

  function call(method: RpcMethod, request: unknown, callOptions?: CallOptions): Promise<unknown> {
    const deadlineMs = clampDeadline(callOptions?.deadlineMs, DEFAULT_CALL_DEADLINE_MS);
    return new Promise((resolve, reject) => {
      const bytes = serialize(method, request);
      const isStreamed = streams !== undefined && bytes.length <= MAX_STREAMED_REQUEST_BYTES;
      const timer = isStreamed ? setTimeout(() => outgoing.settle(lateError(), undefined), deadlineMs) : undefined;
      const outgoing: OutgoingCall & Pick<CallOptions, 'bearer'> = {
        path: method.path,
        request: bytes,
        deadline: Date.now() + deadlineMs,
        requestId: callOptions?.requestId ?? '',
        traceparent: callOptions?.traceparent ?? '',
        isOver: false,
        ...(callOptions?.bearer === undefined ? {} : { bearer: callOptions.bearer }),
        settle(error, response) {
          if (outgoing.isOver) return;
          outgoing.isOver = true;
          clearTimeout(timer);
          if (error !== undefined) return reject(error);
          try {
            resolve(method.responseDeserialize(response ?? Buffer.alloc(0)));
          } catch (cause) {
            reject(new RpcError('INTERNAL', 'internal error', { cause }));
          }
        },
      };
      if (isStreamed) streams.call(outgoing);
      else callUnary(client, security, outgoing);
    });
  }

  const messages: { close(): void }[] = [];
  function openMessages<Method extends RpcStreamMethod>(method: Method, rule: AnswerRule<ResponseOf<Method>>) {
    const metadataOf = (bearer: string | undefined): Metadata => callerMetadata(security, bearer);
    const stream = openMessageStream({ client, method, rule, metadataOf });
    messages.push(stream);
    return stream;
  }

  function close(): void {
    for (const stream of messages) stream.close();
    streams?.close();
    client.close();
  }
  return { target, call, openMessages, close };
}

/** A typed client of one service over a channel. */
export function createRpcChannelClient<S extends RpcDefinition>(definition: S, channel: RpcChannel): RpcClient<S> {
  const calls: Record<string, (request: unknown, options?: CallOptions) => Promise<unknown>> = {};
  for (const [name, method] of Object.entries(definition)) {
    if (!isUnary(method)) continue;
    calls[name] = (request, options) => channel.call(method, request, options);
  }
  return Object.freeze(calls) as unknown as RpcClient<S>;
}
