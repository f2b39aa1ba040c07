/**
 * What other teams' services use of Castellan: a typed client of the Warden, guards that put it in front of HTTP routes,
 * and the calls of a login and consent app. Without an answer nothing is allowed. Decides nothing itself and keeps nothing
 * from one check to the next.
 */
export { type AccessOutcome, type AccessRule, checkBearer } from './bearer-access.js';
export { expressGuard, type ExpressMiddleware } from './express.js';
export { fastifyGuard, type FastifyHook } from './fastify.js';
export * from './login-consent.js';
export {
  type Check,
  type CheckOptions,
  createWardenClient,
  type TokenCheck,
  type TokenDecision,
  type WardenClient,
  type WardenClientOptions,
  type WardenDecision,
  type WardenSecurity,
} from './warden-client.js';
