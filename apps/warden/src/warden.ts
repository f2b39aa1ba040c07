import { randomInt } from 'node:crypto';
import type { DecisionLogStore, GroupStore, PolicyHistory, PolicyImports, PolicyStore } from '@castellan/policy';
import {
  claimDerivedSecrets,
  createPostgresDecisionLog,
  createPostgresGroupStore,
  createPostgresPolicyHistory,
  createPostgresPolicyImports,
  createPostgresPolicyStateReader,
  createPostgresPolicyStore,
  type Database,
  listenForPolicyChanges,
  openDatabase,
  readClockSkew,
} from '@castellan/postgres';
import { createDecisionCache, type DecisionCache, type DecisionCacheEvent, openRedis } from '@castellan/redis';
import { ConfigError, type Logger, type Metrics, type ReadinessCheck, watchClock, watchPool } from '@castellan/service';
import { deriveKey, inUseFirst, parseSecretList, secretVerifier } from '@castellan/jwk';
import type { DecisionLog } from './decision-log/decision-log.js';
import { openDecisionLog } from './decision-log/open-decision-log.js';
import { createPolicyDecisionPoint, type PolicyDecisionPoint } from './decision-point.js';
import type { WardenConfig } from './warden.config.js';

/** Where the Warden says what happens to it. */
export type WardenDependencies = { readonly logger: Logger; readonly metrics: Metrics };

/** An open Warden: its decision point, and the stores of what it decides by. */
export type Warden = Pick<WardenConfig, 'resourceNamePrefix' | 'callersAccess'> & {
  readonly decisionPoint: PolicyDecisionPoint;
  readonly policies: PolicyStore;
  readonly history: PolicyHistory;
  readonly imports: PolicyImports;
  readonly groups: GroupStore;
  readonly log: DecisionLog;
  readonly decisions: DecisionLogStore;
  /** Answers when the database does; throws otherwise. */
  ping(): Promise<void>;
  /** Whether the clock of this process may date tokens. */
  readonly clock: ReadinessCheck;
  close(): Promise<void>;
};

const decisionLifetimeMs = 10 * 60_000;
const maxLocalDecisions = 20_000;
const fenceTimeoutMs = 2_000;
const loadTimeoutMs = 30_000;
/** An attacker in Redis must not fill the log. */
const forgeryLogIntervalMs = 10_000;

/**
 * Opens the Warden: connects, and proves that the database belongs to this secret. Redis may be down. Throws ConfigError
 * for a wrong secret and DatabaseError for a database that cannot serve.
 */
export async function openWarden(config: WardenConfig, { logger, metrics }: WardenDependencies): Promise<Warden> {
  const database = await openDatabase({
    url: config.databaseUrl,
    component: 'warden',
    onRetry: (message) => logger.warn(message),
  });
  try {
    const held = parseSecretList(config.secret.reveal());
    const claim = await claimDerivedSecrets(
      database,
      'warden',
      held.map((secret) => secretVerifier(secret, 'warden')),
    );
    if (claim.kind === 'refused') {
      throw new ConfigError(
        'The database was initialised with another WARDEN_SECRET. Set the one that was used first; it is derived from SYSTEM_SECRET.',
      );
    }
    watchPool(metrics, 'warden', database.pool);
    return serve(database, config, inUseFirst(held, claim.inUse)[0], { logger, metrics });
  } catch (cause) {
    await database.close();
    throw cause;
  }
}

function serve(
  database: Database,
  config: WardenConfig,
  secret: string,
  { logger, metrics }: WardenDependencies,
): Warden {
  const { cache, close } = openCache(config, secret, { logger, metrics });
  let invalidPolicies = 0;
  metrics.watch({
    name: 'castellan_invalid_policies',
    help: 'Stored policies that this Warden cannot evaluate; what they concern is denied.',
    labels: [],
    read: () => [{ labels: {}, value: invalidPolicies }],
  });
  const decisionPoint = createPolicyDecisionPoint({
    reader: createPostgresPolicyStateReader(database),
    fenceTimeoutMs,
    loadTimeoutMs,
    maxStalenessMs: config.maxStalenessMs,
    now: () => performance.now(),
    databaseNow: () => database.now(),
    wrap: (decider) => cache.wrap(decider),
    seed: randomInt(2 ** 32),
    onInvalidPolicies(ids) {
      invalidPolicies = ids.length;
      if (ids.length === 0) logger.info('Every stored policy can be evaluated again');
      else
        logger.error('Stored policies cannot be evaluated; what they concern is denied', {
          policies: ids.slice(0, 20),
        });
    },
    onOutage: (error) => logger.error('The policy database does not answer; no decision is made', { error }),
    onRecovery: () => logger.info('The policy database answers again'),
  });
  const listener = listenForPolicyChanges(database, () => decisionPoint.anticipate());
  const decisions = createPostgresDecisionLog(database, config.decisionLog.retentionMs);
  const recording = openDecisionLog(config.decisionLog, decisions, { logger, metrics });
  return {
    resourceNamePrefix: config.resourceNamePrefix,
    callersAccess: config.callersAccess,
    decisionPoint,
    policies: createPostgresPolicyStore(database),
    history: createPostgresPolicyHistory(database),
    imports: createPostgresPolicyImports(database),
    groups: createPostgresGroupStore(database),
    log: recording.log,
    decisions,
    ping: () => database.ping(),
    clock: watchClock({ component: 'warden', read: () => readClockSkew(database), logger, metrics }),
    async close() {
      close();
      listener.close();
      await recording.close();
      await database.close();
    },
  };
}

function openCache(
  config: WardenConfig,
  secret: string,
  { logger, metrics }: WardenDependencies,
): { readonly cache: DecisionCache; close(): void } {
  let reachable = true;
  const redis =
    config.redis === undefined
      ? undefined
      : openRedis(config.redis, (error) => {
          if (reachable) logger.warn('Redis cannot be reached; decisions are made without it', { error });
          reachable = false;
        });
  redis?.on('ready', () => {
    if (!reachable) logger.info('Redis can be reached again');
    reachable = true;
  });
  const cache = createDecisionCache({
    ...(redis !== undefined ? { redis } : {}),
    macKey: deriveKey(secret, 'cache-mac/v1'),
    // Deployments that share a Redis have different secrets.
    deployment: deriveKey(secret, 'cache-deployment/v1').toString('hex', 0, 8),
    minimumCost: config.cacheMinimumPolicies,
    lifetimeMs: decisionLifetimeMs,
    maxLocalEntries: maxLocalDecisions,
    now: Date.now,
    random: Math.random,
    onEvent: tellCacheEvents({ logger, metrics }),
    onOutcome: (outcome) => metrics.countDecision(outcome),
  });
  return { cache, close: () => redis?.disconnect() };
}

function tellCacheEvents({ logger, metrics }: WardenDependencies): (event: DecisionCacheEvent) => void {
  let forgeries = 0;
  let loggedAt = Number.NEGATIVE_INFINITY;
  return (event) => {
    metrics.countCacheEvent('decision', event);
    if (event === 'redis_down') logger.warn('Redis does not answer in time; decisions are made without it for a while');
    if (event === 'redis_up') logger.info('Redis answers again');
    if (event !== 'forged') return;
    forgeries++;
    if (performance.now() - loggedAt < forgeryLogIntervalMs) return;
    loggedAt = performance.now();
    logger.error('Redis holds decisions that the Warden did not write; they are ignored', { forgeries });
    forgeries = 0;
  };
}
