/**
 * The Warden: decides access requests by policies and groups, and keeps those. It trusts no answer about a token but the
 * token service's, asked anew each time, and decides at a revision of the database that is never older than the request.
 */
export { readRedisTarget, redisVariables } from './redis.config.js';
export { readWardenConfig, wardenVariables, type WardenConfig } from './warden.config.js';
export { WardenModule } from './warden.module.js';
