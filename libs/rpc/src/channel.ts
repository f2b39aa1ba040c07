import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { Client, Metadata, credentials, type ChannelCredentials, type ServiceError } from '@grpc/grpc-js';
import { PEER_METADATA, REQUEST_ID_METADATA, TRACEPARENT_METADATA, newRequestId } from './call-metadata.js';
import { uriNamesOf } from './certificate-name.js';
import type { CallOptions, PeerName, RpcClient, RpcDefinition, RpcMethod } from './contract.js';
import { DEFAULT_CALL_DEADLINE_MS, clampDeadline } from './deadline.js';
import { RpcError, fromGrpcStatus } from './rpc-error.js';

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
    /** Without encryption the caller states its name; servers take that on loopback only. */
    | { readonly kind: 'plaintext'; readonly peer: PeerName };
};

/** A connection that any number of clients share. */
export type RpcChannel = {
  readonly target: string;
  call(method: RpcMethod, request: unknown, options?: CallOptions): Promise<unknown>;
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
  return credentials.createSsl(Buffer.from(security.ca), Buffer.from(security.key), Buffer.from(security.cert), {
    checkServerIdentity: (host, certificate) => verifyServer(security.expectedServer, host, certificate),
  });
}

/** Opens a channel; it connects at the first call and again whenever the connection is lost. */
export function openRpcChannel(options: RpcChannelOptions): RpcChannel {
  const { security, target } = options;
  const client = new Client(target, toCredentials(security), {
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
  });

  function call(method: RpcMethod, request: unknown, callOptions?: CallOptions): Promise<unknown> {
    const metadata = new Metadata();
    metadata.set(REQUEST_ID_METADATA, callOptions?.requestId ?? newRequestId());
    if (callOptions?.traceparent !== undefined) metadata.set(TRACEPARENT_METADATA, callOptions.traceparent);
    if (security.kind === 'plaintext') metadata.set(PEER_METADATA, security.peer);
    const deadline = Date.now() + clampDeadline(callOptions?.deadlineMs, DEFAULT_CALL_DEADLINE_MS);
    return new Promise((resolve, reject) => {
      try {
        client.makeUnaryRequest(
          method.path,
          method.requestSerialize as (value: unknown) => Buffer,
          method.responseDeserialize,
          request,
          metadata,
          { deadline },
          (error: ServiceError | null, response) => {
            if (error !== null) reject(fromGrpcStatus(error.code, error.details, error));
            else resolve(response);
          },
        );
      } catch (cause) {
        reject(new RpcError('UNAVAILABLE', 'the channel is closed', { cause }));
      }
    });
  }

  return { target, call, close: () => client.close() };
}

/** A typed client of one service over a channel. */
export function createRpcChannelClient<S extends RpcDefinition>(definition: S, channel: RpcChannel): RpcClient<S> {
  const calls: Record<string, (request: unknown, options?: CallOptions) => Promise<unknown>> = {};
  for (const [name, method] of Object.entries(definition)) {
    calls[name] = (request, options) => channel.call(method, request, options);
  }
  return Object.freeze(calls) as unknown as RpcClient<S>;
}
