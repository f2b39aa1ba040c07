// The admin HTTP API: clients, keys, policies, groups, the Warden's decisions. Every route names the scope, the action
// and the resource that the Warden is asked about before anything is done (spec: hydra-0.9 sections 1.2 to 1.4). It
// owns no table and no rule: it reads HTTP, asks, forwards, and writes the original's JSON.
export { adminVariables, readAdminConfig, type AdminConfig } from './admin.config.js';
export { AdminModule, type AdminModuleOptions } from './admin.module.js';
export { AdminHealthModule } from './health.http.js';
export type { AdminRoute } from './admin-route.js';
export { ADMIN_ROUTES } from './routes.js';
export { adminApi } from './openapi/admin-api.js';
export { ensureRootClient, parseRootCredentials, ROOT_POLICY_ID, type RootCredentials } from './root-client.js';
