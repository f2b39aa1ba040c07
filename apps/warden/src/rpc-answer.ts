import { PolicyError } from '@castellan/policy';
import { outageOf } from '@castellan/postgres';
import { RpcError } from '@castellan/rpc';

/** What the callers of the Warden hear of an outage. It is neither an allowance nor a denial. */
export function unavailable(cause: unknown): RpcError {
  return new RpcError('UNAVAILABLE', 'the policy database does not answer', { cause });
}

/** Awaits an operation and turns what the domain refuses, and a database that is away, into RpcError. */
export async function answer<T>(operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (cause) {
    if (cause instanceof PolicyError) throw new RpcError('INVALID_ARGUMENT', cause.message);
    if (outageOf(cause) !== undefined) throw unavailable(cause);
    throw cause;
  }
}
