/**
 * What may be kept in Redis, as decorators over contracts of the domain. Nothing here is ever the truth: to lose it, to
 * flush it or to lie in it costs time only. Decides nothing and knows no transport.
 */
export {
  createDecisionCache,
  type DecisionCache,
  type DecisionCacheEvent,
  type DecisionCacheOptions,
  type DecisionCacheOutcome,
} from './decision-cache.js';
export { openRedis, type RedisClient, type RedisTarget, type RedisTls } from './redis-connection.js';
