import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { ConnectionOptions } from 'node:tls';

/** Milliseconds after which a command counts as failed. */
export const commandTimeoutMs = 50;

const connectTimeoutMs = 1_000;
const longestPauseMs = 2_000;

/** A server of Redis by itself, one that Sentinels name, or a Redis Cluster. */
export type RedisClient = Redis | Cluster;

/** PEM texts: authorities trusted instead of the system's, and the certificate that names us. */
export type RedisTls = { readonly ca?: string; readonly cert?: string; readonly key?: string };

/** Where Redis is. */
export type RedisTarget = {
  /**
   * `redis://user:password@host:6379/0`, or `rediss://` for TLS, or the path of a socket. In a cluster the host is one of its nodes;
   * with Sentinels it is one of those, and user, password and database are those of the servers that they name.
   */
  readonly url: string;
  readonly mode?: 'single' | 'sentinel' | 'cluster';
  /** More nodes of the cluster, or more Sentinels: `host:port`. */
  readonly nodes?: readonly string[];
  /** What the Sentinels call the group of servers. */
  readonly group?: string;
  readonly sentinelPassword?: string;
  readonly tls?: RedisTls;
};

/** Replies are mapped as they always were. */
type Options = Omit<RedisOptions, 'replyMapping'>;

/** What one command may cost, whichever way Redis runs. */
const commandOptions = {
  commandTimeout: commandTimeoutMs,
  connectTimeout: connectTimeoutMs,
  enableOfflineQueue: false,
  enableAutoPipelining: true,
  maxRetriesPerRequest: 0,
  // What was sent before a lost connection is a miss by now.
  autoResendUnfulfilledCommands: false,
} as const satisfies RedisOptions;

function pauseBefore(attempt: number): number {
  return Math.min(50 * 2 ** attempt, longestPauseMs);
}

/**
 * Opens a connection to Redis for a cache: it never waits for Redis to come up, sends nothing while the connection is
 * down, gives each command 50 ms, and connects again by itself. Errors go to `onError`; they never stop the process.
 */
export function openRedis(target: RedisTarget | string, onError: (error: Error) => void): RedisClient {
  const given: RedisTarget = typeof target === 'string' ? { url: target } : target;
  const client = openClient(given);
  client.on('error', (error: Error) => {
    onError(error);
    // The driver keeps a connection that was refused at its beginning, as for its password, and never uses it.
    if (client instanceof Redis && client.status === 'connect') client.disconnect(true);
  });
  return client;
}

function openClient(target: RedisTarget): RedisClient {
  if (target.mode === 'cluster') return openCluster(target);
  if (target.mode === 'sentinel') return openBehindSentinels(target);
  const options: Options = { ...commandOptions, ...tlsOptions(target), retryStrategy: pauseBefore };
  return new Redis(target.url, options);
}

function openCluster(target: RedisTarget): Cluster {
  return new Cluster(nodesOf(target, 6379), {
    enableOfflineQueue: false,
    enableAutoPipelining: true,
    clusterRetryStrategy: pauseBefore,
    // A slot that moved is asked for once more; a node that went is found at the next refresh.
    maxRedirections: 3,
    retryDelayOnFailover: commandTimeoutMs,
    retryDelayOnClusterDown: commandTimeoutMs,
    slotsRefreshTimeout: connectTimeoutMs,
    slotsRefreshInterval: 10_000,
    // The name in a certificate is that of the node as the cluster announces it.
    dnsLookup: (address, callback) => callback(null, address),
    redisOptions: { ...commandOptions, ...credentialsOf(target), ...tlsOptions(target) },
  });
}

function openBehindSentinels(target: RedisTarget): Redis {
  const { tls } = tlsOptions(target);
  const options: Options = {
    ...commandOptions,
    ...credentialsOf(target),
    db: Number(new URL(target.url).pathname.slice(1) || '0'),
    sentinels: nodesOf(target, 26379),
    name: target.group ?? '',
    // An answer of a server that was demoted in the meantime says so: then the Sentinels are asked again.
    reconnectOnError: (error: Error) => (error.message.startsWith('READONLY') ? 1 : false),
    sentinelRetryStrategy: pauseBefore,
    sentinelCommandTimeout: connectTimeoutMs,
    retryStrategy: pauseBefore,
    ...(target.sentinelPassword === undefined ? {} : { sentinelPassword: target.sentinelPassword }),
    ...(tls === undefined ? {} : { tls, enableTLSForSentinelMode: true, sentinelTLS: tls }),
  };
  return new Redis(options);
}

function credentialsOf({ url }: RedisTarget): Pick<RedisOptions, 'username' | 'password'> {
  const { username, password } = new URL(url);
  return {
    ...(username === '' ? {} : { username: decodeURIComponent(username) }),
    ...(password === '' ? {} : { password: decodeURIComponent(password) }),
  };
}

function tlsOptions({ url, tls }: RedisTarget): { tls?: ConnectionOptions } {
  return url.startsWith('rediss:') ? { tls: { ...tls } } : {};
}

function nodesOf({ url, nodes }: RedisTarget, standardPort: number): { host: string; port: number }[] {
  const first = new URL(url);
  return [first.host, ...(nodes ?? [])].map((node) => {
    const { hostname, port } = new URL(`redis://${node}`);
    return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? standardPort : Number(port) };
  });
}
