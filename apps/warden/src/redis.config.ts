import { readFileSync } from 'node:fs';
import type { RedisTarget, RedisTls } from '@castellan/redis';
import { commaListSchema, ConfigError } from '@castellan/service';
import { z } from 'zod';

const path = z.string().optional();

/** Where Redis is, and how it runs. */
export const redisVariables = {
  REDIS_URL: z.string().refine(isRedisUrl, 'must be a URL such as redis://localhost:6379 or rediss://...').optional(),
  REDIS_MODE: z.enum(['single', 'sentinel', 'cluster'], 'must be single, sentinel or cluster').default('single'),
  REDIS_NODES: commaListSchema
    .refine((nodes) => nodes.every(isNode), 'must be nodes such as redis-1:6379,redis-2:6379')
    .default([]),
  REDIS_SENTINEL_GROUP: z.string().optional(),
  REDIS_SENTINEL_PASSWORD: z.string().optional(),
  REDIS_TLS_CA_PATH: path,
  REDIS_TLS_CERT_PATH: path,
  REDIS_TLS_KEY_PATH: path,
};

type RedisVariables = z.infer<z.ZodObject<typeof redisVariables>>;

/**
 * Where Redis is; undefined without REDIS_URL.
 * @throws ConfigError for settings that do not go together, and files that cannot be read
 */
export function readRedisTarget(values: RedisVariables): RedisTarget | undefined {
  const { REDIS_URL: url, REDIS_MODE: mode, REDIS_NODES: nodes, REDIS_SENTINEL_GROUP: group } = values;
  const tls = readTls(values);
  const problems = [
    ...(url === undefined && (mode !== 'single' || nodes.length > 0) ? ['REDIS_URL: is required for REDIS_MODE'] : []),
    ...(mode === 'sentinel' && group === undefined
      ? ['REDIS_SENTINEL_GROUP: is required for REDIS_MODE=sentinel']
      : []),
    ...(mode === 'single' && nodes.length > 0 ? ['REDIS_NODES: needs REDIS_MODE=sentinel or cluster'] : []),
    ...(mode === 'cluster' && databaseOf(url) > 0 ? ['REDIS_URL: a cluster has database 0 only'] : []),
    ...(tls !== undefined && url?.startsWith('rediss:') !== true
      ? ['REDIS_TLS_*: needs a REDIS_URL with rediss://']
      : []),
    ...((tls?.cert === undefined) !== (tls?.key === undefined)
      ? ['REDIS_TLS_CERT_PATH and REDIS_TLS_KEY_PATH: a certificate and its key are given together']
      : []),
  ];
  if (problems.length > 0) throw new ConfigError(problems);
  if (url === undefined) return undefined;
  return {
    url,
    mode,
    nodes,
    ...(group === undefined ? {} : { group }),
    ...(values.REDIS_SENTINEL_PASSWORD === undefined ? {} : { sentinelPassword: values.REDIS_SENTINEL_PASSWORD }),
    ...(tls === undefined ? {} : { tls }),
  };
}

function readTls(values: RedisVariables): RedisTls | undefined {
  const paths = [
    ['ca', 'REDIS_TLS_CA_PATH'],
    ['cert', 'REDIS_TLS_CERT_PATH'],
    ['key', 'REDIS_TLS_KEY_PATH'],
  ] as const;
  const given = paths.filter(([, name]) => values[name] !== undefined);
  if (given.length === 0) return undefined;
  return Object.fromEntries(given.map(([part, name]) => [part, readPem(name, values[name] ?? '')]));
}

function readPem(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new ConfigError(`${name}: the file cannot be read`);
  }
}

function isRedisUrl(text: string): boolean {
  return URL.canParse(text) && ['redis:', 'rediss:'].includes(new URL(text).protocol);
}

function databaseOf(url: string | undefined): number {
  return Number(new URL(url ?? 'redis://none').pathname.slice(1) || '0');
}

function isNode(text: string): boolean {
  return /^(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?::\d{1,5})?$/.test(text);
}
