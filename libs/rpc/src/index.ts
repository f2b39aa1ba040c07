// What the services say to each other: generated messages (from `proto/`), the types derived from them, and the
// channel client that carries them over gRPC. This room knows gRPC and nothing of Nest, of configuration or of
// any rule of the product. Messages are immutable in both directions: in one process they are shared objects.
export * as envoyAuthV3 from './gen/envoy/service/auth/v3/external_auth.js';
export * as envoyCoreV3 from './gen/envoy/config/core/v3/base.js';
export { StatusCode as EnvoyStatusCode } from './gen/envoy/type/v3/http_status.js';
export * as healthV1 from './gen/grpc/health/v1/health.js';
export * as keysV1 from './gen/castellan/keys/v1/keys.js';
export * as explanationV1 from './gen/castellan/token/v1/explanation.js';
export * as loginV1 from './gen/castellan/token/v1/login.js';
export * as logoutV1 from './gen/castellan/token/v1/logout.js';
export * as openidV1 from './gen/castellan/token/v1/openid.js';
export * as callsV1 from './gen/castellan/rpc/v1/calls.js';
export * as tokenV1 from './gen/castellan/token/v1/token.js';
export * as wardenV1 from './gen/castellan/warden/v1/warden.js';
export {
  PEER_NAMES,
  isPeerName,
  isUnary,
  serviceNameOf,
  serviceRoomOf,
  type CallContext,
  type CallerCredential,
  type CallOptions,
  type PeerName,
  type PeerTable,
  type RequestOf,
  type ResponseOf,
  type RpcClient,
  type RpcDefinition,
  type RpcHandlers,
  type RpcMethod,
  type RpcStreamMethod,
  type StatedPeerName,
} from './contract.js';
export { RPC_CODES, RpcError, fromGrpcStatus, toGrpcStatus, type RpcCode } from './rpc-error.js';
export { DEFAULT_CALL_DEADLINE_MS, DEFAULT_SERVER_DEADLINE_MS, MAX_DEADLINE_MS, clampDeadline } from './deadline.js';
export {
  PEER_METADATA,
  REQUEST_ID_METADATA,
  TRACEPARENT_METADATA,
  newRequestId,
  readRequestId,
} from './call-metadata.js';
export { secretTexts } from './secret-text.js';
export { spiffeNameOf, uriNamesOf } from './certificate-name.js';
export {
  CALL_WINDOW,
  BATCH_BYTES,
  MAX_CALLS_PER_BATCH,
  MAX_STREAMED_REQUEST_BYTES,
  MAX_STREAMED_RESPONSE_BYTES,
  MESSAGE_WINDOW,
} from './call-stream-limits.js';
export {
  createRpcChannelClient,
  openRpcChannel,
  type RpcChannel,
  type RpcChannelOptions,
  type RpcTransport,
} from './channel.js';
export type { AnswerRule, AskOptions, MessageStream } from './message-stream.js';
export { decodeMessage } from './decode-message.js';
export { descriptorSetPath } from './descriptor-set.js';
