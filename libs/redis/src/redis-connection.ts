import { Redis } from 'ioredis';

/** Milliseconds after which a command counts as failed. */
export const commandTimeoutMs = 50;

/**
 * Opens a connection to Redis for a cache: it never waits for Redis to come up, sends nothing while the connection is
 * down, gives each command 50 ms, and connects again by itself. Errors go to `onError`; they never stop the process.
 */
export function openRedis(url: string, onError: (error: Error) => void): Redis {
  const redis = new Redis(url, {
    commandTimeout: commandTimeoutMs,
    connectTimeout: 1_000,
    enableOfflineQueue: false,
    enableAutoPipelining: true,
    maxRetriesPerRequest: 0,
    // What was sent before a lost connection is a miss by now.
    autoResendUnfulfilledCommands: false,
    retryStrategy: (attempt) => Math.min(50 * 2 ** attempt, 2_000),
  });
  redis.on('error', onError);
  return redis;
}
