import {
  everyKey,
  newClient,
  one,
  param,
  readKey,
  replacedClient,
  storedClient,
  writtenKey,
} from './access-questions.js';
import { adminQueries } from './admin-query.js';
import type { AdminRoute } from './admin-route.js';

const client = 'hydra.clients';

/**
 * The admin API as Hydra has it since 2.0, below `/admin`. What it does to clients, keys and grants asks what the routes of
 * 0.9 ask, so that one policy guards both. Whoever patches a client could as well replace it, and is asked about like it.
 */
export const prefixedRoutes = {
  listOAuth2Clients: {
    method: 'GET',
    path: '/admin/clients',
    scope: client,
    action: 'get',
    query: adminQueries.clientPage,
    resource: one((n) => n.clients()),
  },
  createOAuth2Client: { method: 'POST', path: '/admin/clients', scope: client, action: 'create', resource: newClient },
  getOAuth2Client: { method: 'GET', path: '/admin/clients/:id', scope: client, action: 'get', resource: storedClient },
  setOAuth2Client: {
    method: 'PUT',
    path: '/admin/clients/:id',
    scope: client,
    action: 'update',
    resource: replacedClient,
  },
  patchOAuth2Client: {
    method: 'PATCH',
    path: '/admin/clients/:id',
    scope: client,
    action: 'update',
    resource: replacedClient,
  },
  deleteOAuth2Client: {
    method: 'DELETE',
    path: '/admin/clients/:id',
    scope: client,
    action: 'delete',
    resource: storedClient,
  },
  setOAuth2ClientLifespans: {
    method: 'PUT',
    path: '/admin/clients/:id/lifespans',
    scope: client,
    action: 'update',
    resource: replacedClient,
  },
  rotateOAuth2ClientSecret: {
    method: 'POST',
    path: '/admin/clients/:id/secrets/rotate',
    scope: client,
    action: 'update',
    resource: storedClient,
  },
  deleteRotatedOAuth2ClientSecrets: {
    method: 'DELETE',
    path: '/admin/clients/:id/secrets/rotate',
    scope: client,
    action: 'update',
    resource: storedClient,
  },

  getJsonWebKeySet: {
    method: 'GET',
    path: '/admin/keys/:set',
    scope: 'hydra.keys.get',
    action: 'get',
    resource: everyKey,
  },
  createJsonWebKeySet: {
    method: 'POST',
    path: '/admin/keys/:set',
    scope: 'hydra.keys.create',
    action: 'create',
    resource: one((n, call) => n.keySet(param(call, 'set'))),
  },
  setJsonWebKeySet: {
    method: 'PUT',
    path: '/admin/keys/:set',
    scope: 'hydra.keys.update',
    action: 'update',
    resource: one((n, call) => n.keySet(param(call, 'set'))),
  },
  deleteJsonWebKeySet: {
    method: 'DELETE',
    path: '/admin/keys/:set',
    scope: 'hydra.keys.delete',
    action: 'delete',
    resource: one((n, call) => n.keySet(param(call, 'set'))),
  },
  getJsonWebKey: {
    method: 'GET',
    path: '/admin/keys/:set/:key',
    scope: 'hydra.keys.get',
    action: 'get',
    resource: readKey,
  },
  setJsonWebKey: {
    method: 'PUT',
    path: '/admin/keys/:set/:key',
    scope: 'hydra.keys.update',
    action: 'update',
    resource: writtenKey,
  },
  deleteJsonWebKey: {
    method: 'DELETE',
    path: '/admin/keys/:set/:key',
    scope: 'hydra.keys.delete',
    action: 'delete',
    resource: writtenKey,
  },

  introspectOAuth2Token: {
    method: 'POST',
    path: '/admin/oauth2/introspect',
    scope: 'hydra.introspect',
    action: 'introspect',
    resource: one((n) => n.tokens()),
  },
  deleteOAuth2Token: {
    method: 'DELETE',
    path: '/admin/oauth2/tokens',
    scope: 'hydra.grants',
    action: 'delete',
    query: adminQueries.oneClient,
    resource: one((n) => n.grants()),
  },
} as const satisfies Readonly<Record<string, AdminRoute>>;
