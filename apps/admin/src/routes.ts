import { decisionDoors, decisionScope } from '@castellan/policy';

import {
  everyKey,
  isPublicKeyName,
  newClient,
  one,
  param,
  queried,
  readKey,
  replacedClient,
  storedClient,
  writtenKey,
} from './access-questions.js';
import { adminQueries } from './admin-query.js';
import type { AdminRoute } from './admin-route.js';
import { authRoutes } from './auth-routes.js';
import { prefixedRoutes } from './prefixed-routes.js';

const client = 'hydra.clients';
const resourceServer = 'hydra.resource-servers';
const policy = 'hydra.policies';
const group = 'hydra.warden.groups';

/** Every endpoint of the admin API with what a caller needs for it. The guard, the controllers and the tests read this. */
export const ADMIN_ROUTES = {
  listClients: { method: 'GET', path: '/clients', scope: client, action: 'get', resource: one((n) => n.clients()) },
  createInitialAccessToken: {
    method: 'POST',
    path: '/initial-access-tokens',
    scope: client,
    action: 'create',
    resource: one((n) => n.clients()),
  },
  createClient: { method: 'POST', path: '/clients', scope: client, action: 'create', resource: newClient },
  getClient: { method: 'GET', path: '/clients/:id', scope: client, action: 'get', resource: storedClient },
  updateClient: { method: 'PUT', path: '/clients/:id', scope: client, action: 'update', resource: replacedClient },
  rotateClientSecret: {
    method: 'POST',
    path: '/clients/:id/secret',
    scope: client,
    action: 'update',
    resource: storedClient,
  },
  deleteClient: { method: 'DELETE', path: '/clients/:id', scope: client, action: 'delete', resource: storedClient },

  revokeGrants: {
    method: 'DELETE',
    path: '/grants',
    scope: 'hydra.grants',
    action: 'delete',
    query: adminQueries.grants,
    resource: one((n) => n.grants()),
  },

  ...authRoutes,
  getLogoutRequest: {
    method: 'GET',
    path: '/admin/oauth2/auth/requests/logout',
    aliases: ['/oauth2/auth/requests/logout'],
    scope: 'hydra.consent',
    action: 'get',
    query: adminQueries.logoutChallenge,
    resource: one((n, call) => n.authRequest('logout', queried(call, 'logout_challenge'))),
  },
  acceptLogoutRequest: {
    method: 'PUT',
    path: '/admin/oauth2/auth/requests/logout/accept',
    aliases: ['/oauth2/auth/requests/logout/accept'],
    scope: 'hydra.consent',
    action: 'accept',
    query: adminQueries.logoutChallenge,
    resource: one((n, call) => n.authRequest('logout', queried(call, 'logout_challenge'))),
  },
  rejectLogoutRequest: {
    method: 'PUT',
    path: '/admin/oauth2/auth/requests/logout/reject',
    aliases: ['/oauth2/auth/requests/logout/reject'],
    scope: 'hydra.consent',
    action: 'reject',
    query: adminQueries.logoutChallenge,
    resource: one((n, call) => n.authRequest('logout', queried(call, 'logout_challenge'))),
  },

  explainToken: {
    method: 'POST',
    path: '/token/explain',
    scope: 'hydra.token',
    action: 'token:explain',
    resource: one((n) => n.tokenExplain()),
  },

  listDeliveries: {
    method: 'GET',
    path: '/logout/deliveries',
    scope: 'hydra.logout',
    action: 'get',
    query: adminQueries.deliveries,
    resource: one((n) => n.logoutDeliveries()),
  },
  retryDelivery: {
    method: 'POST',
    path: '/logout/deliveries/:id/retry',
    scope: 'hydra.logout',
    action: 'retry',
    resource: one((n, call) => n.logoutDeliveries(param(call, 'id'))),
  },
  discardDelivery: {
    method: 'DELETE',
    path: '/logout/deliveries/:id',
    scope: 'hydra.logout',
    action: 'delete',
    resource: one((n, call) => n.logoutDeliveries(param(call, 'id'))),
  },

  listResourceServers: {
    method: 'GET',
    path: '/resource-servers',
    scope: resourceServer,
    action: 'get',
    resource: one((n) => n.resourceServers()),
  },
  putResourceServer: {
    method: 'PUT',
    path: '/resource-servers/:id',
    scope: resourceServer,
    action: 'update',
    resource: one((n, call) => n.resourceServer(param(call, 'id'))),
  },
  deleteResourceServer: {
    method: 'DELETE',
    path: '/resource-servers/:id',
    scope: resourceServer,
    action: 'delete',
    resource: one((n, call) => n.resourceServer(param(call, 'id'))),
  },

  getKey: {
    method: 'GET',
    path: '/keys/:set/:key',
    scope: 'hydra.keys.get',
    action: 'get',
    resource: readKey,
    anonymous: (call) => isPublicKeyName(param(call, 'key')),
  },
  getKeySet: { method: 'GET', path: '/keys/:set', scope: 'hydra.keys.get', action: 'get', resource: everyKey },
  generateKey: {
    method: 'POST',
    path: '/keys/:set',
    scope: 'hydra.keys.create',
    action: 'create',
    resource: one((n, call) => n.keySet(param(call, 'set'))),
  },
  putKeySet: {
    method: 'PUT',
    path: '/keys/:set',
    scope: 'hydra.keys.update',
    action: 'update',
    resource: one((n, call) => n.keySet(param(call, 'set'))),
  },
  putKey: {
    method: 'PUT',
    path: '/keys/:set/:key',
    scope: 'hydra.keys.update',
    action: 'update',
    resource: writtenKey,
  },
  importKey: {
    method: 'POST',
    path: '/key-imports/:set',
    scope: 'hydra.keys.update',
    action: 'update',
    resource: one((n, call) => n.keySet(param(call, 'set'))),
  },
  deleteKeySet: {
    method: 'DELETE',
    path: '/keys/:set',
    scope: 'hydra.keys.delete',
    action: 'delete',
    resource: one((n, call) => n.keySet(param(call, 'set'))),
  },
  deleteKey: {
    method: 'DELETE',
    path: '/keys/:set/:key',
    scope: 'hydra.keys.delete',
    action: 'delete',
    resource: writtenKey,
  },

  getRotation: {
    method: 'GET',
    path: '/rotation',
    scope: 'hydra.keys.get',
    action: 'get',
    resource: one((n) => n.rotation()),
  },
  rotate: {
    method: 'POST',
    path: '/rotation/:set',
    scope: 'hydra.keys.rotate',
    action: 'rotate',
    resource: one((n, call) => n.rotation(param(call, 'set'))),
  },
  rotateAtOnce: {
    method: 'POST',
    path: '/rotation/:set/emergency',
    scope: 'hydra.keys.rotate',
    action: 'rotate.emergency',
    resource: one((n, call) => n.rotation(param(call, 'set'))),
  },

  listPolicies: {
    method: 'GET',
    path: '/policies',
    scope: policy,
    action: 'list',
    query: adminQueries.policies,
    resource: one((n) => n.policies()),
  },
  createPolicy: {
    method: 'POST',
    path: '/policies',
    scope: policy,
    action: 'create',
    resource: one((n) => n.policies()),
  },
  getPolicy: {
    method: 'GET',
    path: '/policies/:id',
    scope: policy,
    action: 'get',
    resource: one((n, call) => n.policy(param(call, 'id'))),
  },
  putPolicy: {
    method: 'PUT',
    path: '/policies/:id',
    scope: policy,
    action: 'update',
    resource: one((n, call) => n.policy(param(call, 'id'))),
  },
  deletePolicy: {
    method: 'DELETE',
    path: '/policies/:id',
    scope: policy,
    action: 'delete',
    resource: one((n, call) => n.policy(param(call, 'id'))),
  },

  listPolicyVersions: {
    method: 'GET',
    path: '/policies/:id/history',
    scope: policy,
    action: 'get',
    query: adminQueries.policyVersions,
    resource: one((n, call) => n.policy(param(call, 'id'))),
  },
  rollBackPolicy: {
    method: 'POST',
    path: '/policies/:id/rollback',
    scope: policy,
    action: 'update',
    resource: one((n, call) => n.policy(param(call, 'id'))),
  },
  exportPolicies: {
    method: 'GET',
    path: '/policy-export',
    scope: policy,
    action: 'list',
    query: adminQueries.policyExport,
    resource: one((n) => n.policies()),
  },
  beginPolicyImport: {
    method: 'POST',
    path: '/policy-imports',
    scope: policy,
    action: 'import',
    resource: one((n) => n.policies()),
  },
  stagePolicies: {
    method: 'POST',
    path: '/policy-imports/:id/policies',
    scope: policy,
    action: 'import',
    resource: one((n) => n.policies()),
  },
  commitPolicyImport: {
    method: 'POST',
    path: '/policy-imports/:id/commit',
    scope: policy,
    action: 'import',
    resource: one((n) => n.policies()),
  },
  abortPolicyImport: {
    method: 'DELETE',
    path: '/policy-imports/:id',
    scope: policy,
    action: 'import',
    resource: one((n) => n.policies()),
  },

  allowed: {
    method: 'POST',
    path: '/warden/allowed',
    scope: decisionScope,
    action: decisionDoors.check.action,
    resource: one((n) => n.wardenAllowed()),
  },
  tokenAllowed: {
    method: 'POST',
    path: '/warden/token/allowed',
    scope: decisionScope,
    action: decisionDoors.checkToken.action,
    resource: one((n) => n.wardenTokenAllowed()),
  },

  explain: {
    method: 'POST',
    path: '/warden/explain',
    scope: decisionScope,
    action: decisionDoors.explain.action,
    resource: one((n) => n.wardenExplain()),
  },
  listDecisions: {
    method: 'GET',
    path: '/warden/decisions',
    scope: decisionScope,
    action: 'warden:decisions',
    query: adminQueries.decisions,
    resource: one((n) => n.wardenDecisions()),
  },
  accessEvaluation: {
    method: 'POST',
    path: '/access/v1/evaluation',
    scope: decisionScope,
    action: decisionDoors.evaluation.action,
    resource: one((n) => n.accessEvaluation()),
  },
  accessEvaluations: {
    method: 'POST',
    path: '/access/v1/evaluations',
    scope: decisionScope,
    action: decisionDoors.evaluations.action,
    resource: one((n) => n.accessEvaluations()),
  },

  findGroups: {
    method: 'GET',
    path: '/warden/groups',
    scope: group,
    action: 'get',
    query: adminQueries.groups,
    resource: one((n, call) => n.group(queried(call, 'member'))),
  },
  createGroup: {
    method: 'POST',
    path: '/warden/groups',
    scope: group,
    action: 'create',
    resource: one((n) => n.groups()),
  },
  getGroup: {
    method: 'GET',
    path: '/warden/groups/:id',
    scope: group,
    action: 'get',
    resource: one((n, call) => n.group(param(call, 'id'))),
  },
  deleteGroup: {
    method: 'DELETE',
    path: '/warden/groups/:id',
    scope: group,
    action: 'delete',
    resource: one((n, call) => n.group(param(call, 'id'))),
  },
  addMembers: {
    method: 'POST',
    path: '/warden/groups/:id/members',
    scope: group,
    action: 'members.add',
    resource: one((n, call) => n.group(param(call, 'id'))),
  },
  removeMembers: {
    method: 'DELETE',
    path: '/warden/groups/:id/members',
    scope: group,
    action: 'members.remove',
    resource: one((n, call) => n.group(param(call, 'id'))),
  },

  ...prefixedRoutes,

  healthStats: {
    method: 'GET',
    path: '/health/stats',
    scope: 'hydra.health',
    action: 'get',
    resource: one((n) => n.healthStats()),
  },
} as const satisfies Readonly<Record<string, AdminRoute>>;
