import { status } from '@grpc/grpc-js';

/** The codes that cross a room's border, and their gRPC status; the one table for both directions. */
const STATUS_BY_CODE = {
  INVALID_ARGUMENT: status.INVALID_ARGUMENT,
  NOT_FOUND: status.NOT_FOUND,
  ALREADY_EXISTS: status.ALREADY_EXISTS,
  PERMISSION_DENIED: status.PERMISSION_DENIED,
  UNAUTHENTICATED: status.UNAUTHENTICATED,
  FAILED_PRECONDITION: status.FAILED_PRECONDITION,
  RESOURCE_EXHAUSTED: status.RESOURCE_EXHAUSTED,
  UNAVAILABLE: status.UNAVAILABLE,
  DEADLINE_EXCEEDED: status.DEADLINE_EXCEEDED,
  INTERNAL: status.INTERNAL,
  UNIMPLEMENTED: status.UNIMPLEMENTED,
  ABORTED: status.ABORTED,
} as const;

export type RpcCode = keyof typeof STATUS_BY_CODE;

export const RPC_CODES = Object.keys(STATUS_BY_CODE) as readonly RpcCode[];

const CODE_BY_STATUS = new Map<number, RpcCode>(RPC_CODES.map((code) => [STATUS_BY_CODE[code], code]));

// A status message travels in an HTTP/2 header, whose size is bounded.
const MAX_MESSAGE_LENGTH = 1024;

/** A refusal or an outage, the same in process and over the wire. The message is shown to the calling service. */
export class RpcError extends Error {
  readonly code: RpcCode;

  constructor(code: RpcCode, message: string, options?: { readonly cause?: unknown }) {
    super(message.slice(0, MAX_MESSAGE_LENGTH), options?.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'RpcError';
    this.code = code;
  }
}

/** The gRPC status number of a code. */
export function toGrpcStatus(code: RpcCode): status {
  return STATUS_BY_CODE[code];
}

/** The error for a gRPC status; what has no code here (CANCELLED, UNKNOWN, OUT_OF_RANGE, DATA_LOSS) is a fault. */
export function fromGrpcStatus(code: number, details: string, cause?: unknown): RpcError {
  const known = CODE_BY_STATUS.get(code);
  if (known !== undefined) return new RpcError(known, details, { cause });
  if (code === status.CANCELLED) return new RpcError('UNAVAILABLE', 'the call was cancelled', { cause });
  return new RpcError('INTERNAL', 'internal error', { cause });
}
