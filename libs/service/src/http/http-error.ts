import { STATUS_CODES } from 'node:http';
import { HttpException } from '@nestjs/common';
import { RpcError, type RpcCode } from '@castellan/rpc';

/** An HTTP answer other than success, thrown from anywhere below an edge. The message is shown to the caller. */
export class HttpError extends Error {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    statusCode: number,
    message: string,
    options: { readonly headers?: Readonly<Record<string, string>>; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'HttpError';
    this.statusCode = statusCode;
    this.headers = options.headers ?? {};
  }
}

/** What goes back to the caller. */
export type HttpAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Text of the body, JSON unless `headers` say otherwise. */
  readonly body: string;
};

/** Statuses of refusals by another service. What is not here is a fault of ours and answered without detail. */
const STATUS_BY_RPC_CODE: Readonly<Partial<Record<RpcCode, number>>> = {
  INVALID_ARGUMENT: 400,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  FAILED_PRECONDITION: 409,
  ABORTED: 409,
  RESOURCE_EXHAUSTED: 429,
};
const OUTAGES: Readonly<Partial<Record<RpcCode, number>>> = { UNAVAILABLE: 503, DEADLINE_EXCEEDED: 504 };

function fromRpcError(error: RpcError): HttpError {
  const refusal = STATUS_BY_RPC_CODE[error.code];
  if (refusal !== undefined) return new HttpError(refusal, error.message, { cause: error });
  const outage = OUTAGES[error.code];
  if (outage !== undefined)
    return new HttpError(outage, 'The service is not available at the moment', { cause: error });
  return new HttpError(500, 'Internal server error', { cause: error });
}

function statusOf(thrown: unknown): number | undefined {
  if (thrown instanceof HttpException) return thrown.getStatus();
  if (typeof thrown !== 'object' || thrown === null || !('statusCode' in thrown)) return undefined;
  return typeof thrown.statusCode === 'number' ? thrown.statusCode : undefined;
}

/** What a thrown value means to the caller; statuses from 500 on are told without detail, 4xx of the framework in plain words. */
export function toHttpError(thrown: unknown): HttpError {
  if (thrown instanceof HttpError) return thrown;
  if (thrown instanceof RpcError) return fromRpcError(thrown);
  const status = statusOf(thrown);
  if (status === undefined || status < 400 || status > 499) {
    return new HttpError(500, 'Internal server error', { cause: thrown });
  }
  const message = thrown instanceof HttpException ? thrown.message : (STATUS_CODES[status] ?? 'Bad Request');
  return new HttpError(status, message, { cause: thrown });
}

/** The error JSON of the original, with the newline it ended in: `{"error":{"code","status","request"?,"message"}}`. */
export function errorJson(status: number, message: string, requestId?: string): string {
  const error = {
    code: status,
    status: STATUS_CODES[status] ?? 'Error',
    ...(requestId === undefined ? {} : { request: requestId }),
    message,
  };
  return `${JSON.stringify({ error })}\n`;
}
