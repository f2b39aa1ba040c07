import { isPlaintextRemote, refusedDatabaseUrl } from '@castellan/postgres';
import { ConfigError, durationSchema, integerSchema, readConfig, Secret } from '@castellan/service';
import type { RedisTarget } from '@castellan/redis';
import { z } from 'zod';
import { type DecisionLogConfig, decisionLogVariables, readDecisionLog } from './decision-log/decision-log.config.js';
import { readRedisTarget, redisVariables } from './redis.config.js';

/** Configuration of the Warden. */
export type WardenConfig = {
  readonly databaseUrl: string;
  /** Derived from the system secret; proves that what is found in Redis was put there by this deployment. */
  readonly secret: Secret;
  /** Where decisions are kept that many replicas can use; absent keeps them in this process. */
  readonly redis?: RedisTarget;
  /** Decisions that look at no more policies are made anew: that is cheaper than to look them up. */
  readonly cacheMinimumPolicies: number;
  /** Greatest age in milliseconds of the policies that a caller in a hurry accepts. */
  readonly maxStalenessMs: number;
  readonly decisionLog: DecisionLogConfig;
  /** What the resource names of the doors begin with. */
  readonly resourceNamePrefix: string;
  /** What a listed certificate may ask: whatever no policy denies, or only what a policy allows. */
  readonly callersAccess: 'listed' | 'policy';
};

/** The variables of the Warden. */
export const wardenVariables = z.object({
  WARDEN_DATABASE_URL: z.string().optional(),
  DATABASE_URL: z.string().optional(),
  WARDEN_SECRET: z.string().min(16, 'must have at least 16 characters'),
  ...redisVariables,
  WARDEN_CACHE_MINIMUM_POLICIES: integerSchema.default(500),
  CASTELLAN_ENV: z.string().optional(),
  WARDEN_MAX_STALENESS: durationSchema.default(5_000),
  RESOURCE_NAME_PREFIX: z.string().default('rn:hydra'),
  WARDEN_CALLERS_ACCESS: z.enum(['listed', 'policy'], 'must be listed or policy').default('listed'),
  ...decisionLogVariables,
});

/**
 * Reads the configuration: WARDEN_DATABASE_URL or DATABASE_URL, WARDEN_SECRET, those of redis.config.ts and of
 * decision-log.config.ts, WARDEN_CACHE_MINIMUM_POLICIES (500), WARDEN_MAX_STALENESS (5s),
 * RESOURCE_NAME_PREFIX (rn:hydra), WARDEN_CALLERS_ACCESS (listed). Throws ConfigError that names every variable that cannot be used and shows no value.
 */
export function readWardenConfig(env: NodeJS.ProcessEnv): WardenConfig {
  const databaseUrl = env['WARDEN_DATABASE_URL'] || env['DATABASE_URL'] || '';
  const problems = problemsOfDatabaseUrl(databaseUrl, env['CASTELLAN_ENV'] === 'production');
  const values = readVariables(env, problems);
  const redis = readRedisTarget(values);
  return {
    databaseUrl,
    secret: new Secret(values.WARDEN_SECRET),
    ...(redis !== undefined ? { redis } : {}),
    cacheMinimumPolicies: values.WARDEN_CACHE_MINIMUM_POLICIES,
    maxStalenessMs: values.WARDEN_MAX_STALENESS,
    decisionLog: readDecisionLog(values),
    resourceNamePrefix: values.RESOURCE_NAME_PREFIX,
    callersAccess: values.WARDEN_CALLERS_ACCESS,
  };
}

/** The variables of the schema; throws ConfigError with their problems and the others'. */
function readVariables(env: NodeJS.ProcessEnv, others: readonly string[]): z.infer<typeof wardenVariables> {
  try {
    const values = readConfig(wardenVariables, env);
    if (others.length === 0) return values;
  } catch (error) {
    throw error instanceof ConfigError ? new ConfigError([...others, ...error.problems]) : error;
  }
  throw new ConfigError(others);
}

function problemsOfDatabaseUrl(url: string, production: boolean): readonly string[] {
  if (url === '') return ['WARDEN_DATABASE_URL or DATABASE_URL: is required'];
  const refused = refusedDatabaseUrl(url);
  if (refused !== undefined) return [refused];
  return production && isPlaintextRemote(url)
    ? ['DATABASE_URL: leaves this machine without TLS; use sslmode=verify-full in production']
    : [];
}
