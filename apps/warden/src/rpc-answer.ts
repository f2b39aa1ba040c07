import { PolicyError } from '@castellan/policy';
import { RpcError } from '@castellan/rpc';

// SQLSTATE classes 08 (connection), 53 (resources), 57 (cancelled, shut down), and what sockets report.
const outage = /^(08|53|57|25P0[34]|ECONN|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EPIPE|ENOENT)/;
// What node-postgres says without a code.
const silentOutage = /^(Connection terminated|timeout exceeded when trying to connect|Cannot use a pool)/;

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
    if (isOutage(cause)) throw unavailable(cause);
    throw cause;
  }
}

function isOutage(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false;
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  return outage.test(code) || silentOutage.test(cause.message);
}
