import { KeyError, type KeyErrorCode } from '@castellan/jwk';
import { outageOf } from '@castellan/postgres';
import { RpcError, type RpcCode } from '@castellan/rpc';

const codes: Readonly<Record<KeyErrorCode, RpcCode>> = {
  malformed: 'INVALID_ARGUMENT',
  not_found: 'NOT_FOUND',
  already_exists: 'ALREADY_EXISTS',
  forbidden: 'PERMISSION_DENIED',
  too_many: 'RESOURCE_EXHAUSTED',
};

/** Awaits an operation and turns what the key manager refuses, and a database that is away, into RpcError. */
export async function answer<T>(operation: Promise<T>): Promise<T> {
  try {
    return await operation;
  } catch (cause) {
    if (cause instanceof KeyError) throw new RpcError(codes[cause.code], cause.message);
    if (outageOf(cause) !== undefined) throw new RpcError('UNAVAILABLE', 'the key database does not answer', { cause });
    throw cause;
  }
}
