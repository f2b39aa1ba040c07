import { OAuth2Error } from '@castellan/oauth2';
import { outageOf } from '@castellan/postgres';
import { type RpcCode, RpcError, type tokenV1 } from '@castellan/rpc';

/** The error answer of the wire. */
export function toErrorMessage(error: OAuth2Error): tokenV1.OAuth2Error {
  return { error: error.code, description: error.description, status: error.status, hint: error.hint ?? '' };
}

/**
 * Awaits an operation of an OAuth 2.0 endpoint. What it refuses is an answer; a database that is away is UNAVAILABLE;
 * any other fault goes on.
 */
export async function answerOrError<T>(operation: Promise<T>): Promise<{ answer: T } | { error: tokenV1.OAuth2Error }> {
  try {
    return { answer: await operation };
  } catch (cause) {
    if (cause instanceof OAuth2Error) return { error: toErrorMessage(cause) };
    throw toFault(cause);
  }
}

/** Awaits an operation of the client administration, whose refusals are statuses. */
export async function answerOrStatus<T>(operation: Promise<T>): Promise<T> {
  try {
    return await operation;
  } catch (cause) {
    if (!(cause instanceof OAuth2Error)) throw toFault(cause);
    throw new RpcError(statusOf(cause), cause.hint ?? cause.description);
  }
}

function statusOf({ code, status }: OAuth2Error): RpcCode {
  if (status === 429) return 'RESOURCE_EXHAUSTED';
  return code === 'temporarily_unavailable' ? 'UNAVAILABLE' : 'INVALID_ARGUMENT';
}

/** The fault as the caller sees it: an outage of the database is UNAVAILABLE, the rest is hidden further up. */
export function toFault(cause: unknown): unknown {
  return outageOf(cause) !== undefined
    ? new RpcError('UNAVAILABLE', 'the token database does not answer', { cause })
    : cause;
}
