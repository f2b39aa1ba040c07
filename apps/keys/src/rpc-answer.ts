import { KeyError, type KeyErrorCode } from '@castellan/jwk';
import { RpcError, type RpcCode } from '@castellan/rpc';

const codes: Readonly<Record<KeyErrorCode, RpcCode>> = {
  malformed: 'INVALID_ARGUMENT',
  not_found: 'NOT_FOUND',
  already_exists: 'ALREADY_EXISTS',
  forbidden: 'PERMISSION_DENIED',
  too_many: 'RESOURCE_EXHAUSTED',
};

// SQLSTATE classes 08 (connection), 28 and 3D (nobody is let in), 53 (resources), 57 (stopped), and what sockets report.
const outage = /^(08|28|3D|53|57|ECONN|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EPIPE|ENOENT)/;

/** Awaits an operation and turns what the key manager refuses, and a database that is away, into RpcError. */
export async function answer<T>(operation: Promise<T>): Promise<T> {
  try {
    return await operation;
  } catch (cause) {
    if (cause instanceof KeyError) throw new RpcError(codes[cause.code], cause.message);
    if (isOutage(cause)) throw new RpcError('UNAVAILABLE', 'the key database does not answer', { cause });
    throw cause;
  }
}

function isOutage(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false;
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  // node-postgres has no code for these two.
  return outage.test(code) || /^(Connection terminated|timeout exceeded when trying to connect)/.test(cause.message);
}
