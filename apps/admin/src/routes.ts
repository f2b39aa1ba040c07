import type { keysV1 } from '@castellan/rpc';
import type { FormParameter } from '@castellan/service';

import type { ResourceNames } from './resource-name.js';

/** What a route may look at to name the objects it touches. */
export type AdminCall = {
  readonly params: Readonly<Record<string, string>>;
  readonly query: readonly FormParameter[];
  readonly body: unknown;
};

/** Facts that decide what has to be asked. An absent object answers like one without owner or keys. */
export type AccessFacts = {
  /** Owner of a client; empty when it has none or does not exist. */
  ownerOf(clientId: string): Promise<string>;
  /** Every key of a set; none when there is no such set. */
  keysOf(set: string): Promise<readonly keysV1.Jwk[]>;
  /** The key of an ID or alias; none when there is no such key. */
  keyOf(set: string, keyId: string): Promise<readonly keysV1.Jwk[]>;
  /** Resource name of a stored key, which may itself not leave the key manager; `undefined` when there is none. */
  keyNameOf(set: string, keyId: string): Promise<string | undefined>;
};

/** One question to the Warden: may the caller do the route's action on this resource, of this owner? */
export type AccessQuestion = {
  readonly resource: string;
  readonly owner?: string;
  /** Only the token matters yet, its validity and scope: which resources policies must allow has to be read first. */
  readonly tokenOnly?: boolean;
};

/**
 * Yields what must all be allowed; it is resumed only when the question before was. What it had to read to know its
 * questions it returns, so that the answer holds what was asked about and nothing that came meanwhile.
 */
export type AccessQuestions = (
  names: ResourceNames,
  call: AdminCall,
  facts: AccessFacts,
) => AsyncGenerator<AccessQuestion, readonly keysV1.Jwk[] | void, void>;

export type AdminRoute = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  /** Scope that the caller's token must hold. */
  readonly scope: string;
  readonly action: string;
  readonly resource: AccessQuestions;
  /** Whether a caller without a valid token is asked about as the anonymous subject. */
  readonly anonymous?: (call: AdminCall) => boolean;
};

function one(name: (names: ResourceNames, call: AdminCall) => string): AccessQuestions {
  return async function* one(names, call) {
    yield { resource: name(names, call) };
  };
}

function param(call: AdminCall, name: string): string {
  return call.params[name] ?? '';
}

function queried(call: AdminCall, name: string): string {
  return call.query.find((parameter) => parameter.name === name)?.value ?? '';
}

/** A client, with its stored owner: read before the decision, told to nobody. */
const storedClient: AccessQuestions = async function* storedClient(names, call, facts) {
  const id = param(call, 'id');
  yield { resource: names.client(id), owner: await facts.ownerOf(id) };
};

/** The original asks about all clients, not about the one, when a client is replaced; policies were written for that. */
const replacedClient: AccessQuestions = async function* replacedClient(names, call, facts) {
  yield { resource: names.clients(), owner: await facts.ownerOf(param(call, 'id')) };
};

/** All clients, with the owner that the body names; a body of another shape is refused later and names nobody. */
const newClient: AccessQuestions = async function* newClient(names, { body }) {
  const owner: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, 'owner') : undefined;
  yield { resource: names.clients(), owner: typeof owner === 'string' ? owner : '' };
};

/**
 * A key by the ID of the path, and by the name it is stored under: policies on `...:private` must also hold for a
 * caller who knows the real key ID.
 */
const readKey: AccessQuestions = async function* readKey(names, call, facts) {
  const set = param(call, 'set');
  const keyId = param(call, 'key');
  yield { resource: names.key(set, keyId) };
  const keys = await facts.keyOf(set, keyId);
  for (const { resourceName } of keys) {
    if (resourceName !== keyId) {
      yield { resource: names.key(set, resourceName) };
    }
  }
  return keys;
};

/** The same for a key that is replaced or removed. */
const writtenKey: AccessQuestions = async function* writtenKey(names, call, facts) {
  const set = param(call, 'set');
  const keyId = param(call, 'key');
  yield { resource: names.key(set, keyId) };
  const name = isKeyName(keyId) ? keyId : await facts.keyNameOf(set, keyId);
  if (name !== undefined && name !== keyId) {
    yield { resource: names.key(set, name) };
  }
};

/** Every key of the set; an unknown set is asked about like one with a public key, so that 403 says nothing of it. */
const everyKey: AccessQuestions = async function* everyKey(names, call, facts) {
  const set = param(call, 'set');
  // Nobody without a token makes the key manager open a set.
  yield { resource: names.keySet(set), tokenOnly: true };
  const keys = await facts.keysOf(set);
  const keyNames = keys.length > 0 ? keys.map((key) => key.resourceName) : ['public'];
  for (const name of new Set(keyNames)) {
    yield { resource: names.key(set, name) };
  }
  return keys;
};

/** Whether a key ID is a name already, by which policies know a key. */
function isKeyName(keyId: string): boolean {
  return keyId === 'private' || keyId.startsWith('private:') || isPublicKeyName(keyId);
}

/** Whether a key ID of a path names a public key. */
export function isPublicKeyName(name: string): boolean {
  return name === 'public' || name.startsWith('public:');
}

const client = 'hydra.clients';
const resourceServer = 'hydra.resource-servers';
const policy = 'hydra.policies';
const group = 'hydra.warden.groups';
const decide = 'hydra.warden';

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
    resource: one((n) => n.grants()),
  },

  listDeliveries: {
    method: 'GET',
    path: '/logout/deliveries',
    scope: 'hydra.logout',
    action: 'get',
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

  listPolicies: { method: 'GET', path: '/policies', scope: policy, action: 'list', resource: one((n) => n.policies()) },
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
    scope: decide,
    action: 'decide',
    resource: one((n) => n.wardenAllowed()),
  },
  tokenAllowed: {
    method: 'POST',
    path: '/warden/token/allowed',
    scope: decide,
    action: 'decide',
    resource: one((n) => n.wardenTokenAllowed()),
  },

  explain: {
    method: 'POST',
    path: '/warden/explain',
    scope: decide,
    action: 'warden:explain',
    resource: one((n) => n.wardenExplain()),
  },
  listDecisions: {
    method: 'GET',
    path: '/warden/decisions',
    scope: decide,
    action: 'warden:decisions',
    resource: one((n) => n.wardenDecisions()),
  },
  accessEvaluation: {
    method: 'POST',
    path: '/access/v1/evaluation',
    scope: decide,
    action: 'decide',
    resource: one((n) => n.accessEvaluation()),
  },
  accessEvaluations: {
    method: 'POST',
    path: '/access/v1/evaluations',
    scope: decide,
    action: 'decide',
    resource: one((n) => n.accessEvaluations()),
  },

  findGroups: {
    method: 'GET',
    path: '/warden/groups',
    scope: group,
    action: 'get',
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

  healthStats: {
    method: 'GET',
    path: '/health/stats',
    scope: 'hydra.health',
    action: 'get',
    resource: one((n) => n.healthStats()),
  },
} as const satisfies Readonly<Record<string, AdminRoute>>;
