import { isPlaintextRemote, refusedDatabaseUrl } from '@castellan/postgres';
import { commaListSchema, ConfigError, durationSchema, integerSchema, readConfig, Secret } from '@castellan/service';
import { z } from 'zod';
import type { ContextRules } from './decision-log/redact-context.js';

/** Configuration of the Warden. */
export type WardenConfig = {
  readonly databaseUrl: string;
  /** Derived from the system secret; proves that what is found in Redis was put there by this deployment. */
  readonly secret: Secret;
  /** Where decisions are kept that many replicas can use; absent keeps them in this process. */
  readonly redisUrl?: string;
  /** Decisions that look at no more policies are made anew: that is cheaper than to look them up. */
  readonly cacheMinimumPolicies: number;
  /** Greatest age in milliseconds of the policies that a caller in a hurry accepts. */
  readonly maxStalenessMs: number;
  readonly decisionLog: DecisionLogConfig;
};

/** Which decisions are recorded, and where. */
export type DecisionLogConfig = {
  readonly toTable: boolean;
  readonly toStdout: boolean;
  /** Share of decisions that are recorded, from 0 to 1. */
  readonly sample: number;
  /** Milliseconds for which the table keeps a record. */
  readonly retentionMs: number;
  /** Members of the context that are recorded. */
  readonly context: ContextRules;
};

const hour = 3_600_000;

/** The variables of the Warden. */
export const wardenVariables = z.object({
  WARDEN_DATABASE_URL: z.string().optional(),
  DATABASE_URL: z.string().optional(),
  WARDEN_SECRET: z.string().min(16, 'must have at least 16 characters'),
  REDIS_URL: z.string().refine(isRedisUrl, 'must be a URL such as redis://localhost:6379 or rediss://...').optional(),
  WARDEN_CACHE_MINIMUM_POLICIES: integerSchema.default(500),
  CASTELLAN_ENV: z.string().optional(),
  WARDEN_MAX_STALENESS: durationSchema.default(5_000),
  WARDEN_DECISION_LOG: commaListSchema
    .refine((sinks) => sinks.every((sink) => sink === 'table' || sink === 'stdout'), "may hold 'table' and 'stdout'")
    .default([]),
  WARDEN_DECISION_LOG_SAMPLE: z
    .string()
    .regex(/^(0(\.\d+)?|1(\.0+)?)$/, 'must be a share from 0 to 1, such as 0.05')
    .default('1'),
  WARDEN_DECISION_LOG_RETENTION: durationSchema
    .refine((milliseconds) => milliseconds >= hour && milliseconds <= 366 * 24 * hour, 'must be from 1h to 8784h')
    .default(7 * 24 * hour),
  WARDEN_DECISION_LOG_CONTEXT: commaListSchema.default([]),
  WARDEN_DECISION_LOG_CONTEXT_HIDDEN: commaListSchema.default([]),
});

/**
 * Reads the configuration: WARDEN_DATABASE_URL or DATABASE_URL, WARDEN_SECRET, REDIS_URL (none),
 * WARDEN_CACHE_MINIMUM_POLICIES (500), WARDEN_MAX_STALENESS (5s), and those of the decision log: WARDEN_DECISION_LOG
 * (none; `table`, `stdout`), WARDEN_DECISION_LOG_SAMPLE (1), WARDEN_DECISION_LOG_RETENTION (168h),
 * WARDEN_DECISION_LOG_CONTEXT (none; names, or `*`), WARDEN_DECISION_LOG_CONTEXT_HIDDEN (none). Throws ConfigError that names every variable that cannot be used and shows no value.
 */
export function readWardenConfig(env: NodeJS.ProcessEnv): WardenConfig {
  const databaseUrl = env['WARDEN_DATABASE_URL'] || env['DATABASE_URL'] || '';
  const problems = problemsOfDatabaseUrl(databaseUrl, env['CASTELLAN_ENV'] === 'production');
  const values = readVariables(env, problems);
  return {
    databaseUrl,
    secret: new Secret(values.WARDEN_SECRET),
    ...(values.REDIS_URL !== undefined ? { redisUrl: values.REDIS_URL } : {}),
    cacheMinimumPolicies: values.WARDEN_CACHE_MINIMUM_POLICIES,
    maxStalenessMs: values.WARDEN_MAX_STALENESS,
    decisionLog: readDecisionLog(values),
  };
}

function readDecisionLog(values: z.infer<typeof wardenVariables>): DecisionLogConfig {
  const shown = values.WARDEN_DECISION_LOG_CONTEXT;
  return {
    toTable: values.WARDEN_DECISION_LOG.includes('table'),
    toStdout: values.WARDEN_DECISION_LOG.includes('stdout'),
    sample: Number(values.WARDEN_DECISION_LOG_SAMPLE),
    retentionMs: values.WARDEN_DECISION_LOG_RETENTION,
    context: {
      shown: shown.includes('*') ? 'all' : new Set(shown),
      hidden: new Set(values.WARDEN_DECISION_LOG_CONTEXT_HIDDEN),
    },
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

function isRedisUrl(text: string): boolean {
  return URL.canParse(text) && ['redis:', 'rediss:'].includes(new URL(text).protocol);
}

function problemsOfDatabaseUrl(url: string, production: boolean): readonly string[] {
  if (url === '') return ['WARDEN_DATABASE_URL or DATABASE_URL: is required'];
  const refused = refusedDatabaseUrl(url);
  if (refused !== undefined) return [refused];
  return production && isPlaintextRemote(url)
    ? ['DATABASE_URL: leaves this machine without TLS; use sslmode=verify-full in production']
    : [];
}
