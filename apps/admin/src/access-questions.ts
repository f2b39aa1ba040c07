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
  /** Resource names of what a set would answer; none when there is no such set. No key leaves the key manager for it. */
  keyNamesOf(set: string): Promise<readonly string[]>;
  /** Resource names of a key that is read, or stored, under an ID or alias; empty when there is none. As keyNamesOf. */
  keyNameOf(set: string, keyId: string): Promise<{ readonly read: string; readonly stored: string }>;
};

/** One question to the Warden: may the caller do the route's action on this resource, of this owner? */
export type AccessQuestion = {
  readonly resource: string;
  readonly owner?: string;
  /** Only the token matters yet, its validity and scope: which resources policies must allow has to be read first. */
  readonly tokenOnly?: boolean;
};

/**
 * Yields what must all be allowed; it is resumed only when the question before was. Keys that may be read then it returns
 * by their names, so that the answer holds what was asked about and nothing that came meanwhile.
 */
export type AccessQuestions = (
  names: ResourceNames,
  call: AdminCall,
  facts: AccessFacts,
) => AsyncGenerator<AccessQuestion, readonly string[] | void, void>;

/** Asks about one resource. */
export function one(name: (names: ResourceNames, call: AdminCall) => string): AccessQuestions {
  return async function* one(names, call) {
    yield { resource: name(names, call) };
  };
}

/** A parameter of the path; empty when there is none of that name. */
export function param(call: AdminCall, name: string): string {
  return call.params[name] ?? '';
}

/** The first parameter of the query of that name; empty when there is none. */
export function queried(call: AdminCall, name: string): string {
  return call.query.find((parameter) => parameter.name === name)?.value ?? '';
}

/** A client, with its stored owner: read before the decision, told to nobody. */
export const storedClient: AccessQuestions = async function* storedClient(names, call, facts) {
  const id = param(call, 'id');
  yield { resource: names.client(id), owner: await facts.ownerOf(id) };
};

/** The original asks about all clients, not about the one, when a client is replaced; policies were written for that. */
export const replacedClient: AccessQuestions = async function* replacedClient(names, call, facts) {
  yield { resource: names.clients(), owner: await facts.ownerOf(param(call, 'id')) };
};

/** All clients, with the owner that the body names; a body of another shape is refused later and names nobody. */
export const newClient: AccessQuestions = async function* newClient(names, { body }) {
  const owner: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, 'owner') : undefined;
  yield { resource: names.clients(), owner: typeof owner === 'string' ? owner : '' };
};

/**
 * A key by the ID of the path, and by the name it is stored under: policies on `...:private` must also hold for a
 * caller who knows the real key ID.
 */
export const readKey: AccessQuestions = async function* readKey(names, call, facts) {
  const set = param(call, 'set');
  const keyId = param(call, 'key');
  yield { resource: names.key(set, keyId) };
  const { read } = await facts.keyNameOf(set, keyId);
  if (read !== '' && read !== keyId) {
    yield { resource: names.key(set, read) };
  }
  return [read];
};

/** The same for a key that is replaced or removed. */
export const writtenKey: AccessQuestions = async function* writtenKey(names, call, facts) {
  const set = param(call, 'set');
  const keyId = param(call, 'key');
  yield { resource: names.key(set, keyId) };
  const { stored } = isKeyName(keyId) ? { stored: keyId } : await facts.keyNameOf(set, keyId);
  if (stored !== '' && stored !== keyId) {
    yield { resource: names.key(set, stored) };
  }
};

/** Every key of the set; an unknown set is asked about like one with a public key, so that 403 says nothing of it. */
export const everyKey: AccessQuestions = async function* everyKey(names, call, facts) {
  const set = param(call, 'set');
  // Nobody without a token makes the key manager read a set.
  yield { resource: names.keySet(set), tokenOnly: true };
  const keyNames = await facts.keyNamesOf(set);
  for (const name of keyNames.length > 0 ? keyNames : ['public']) {
    yield { resource: names.key(set, name) };
  }
  return keyNames;
};

/** Whether a key ID is a name already, by which policies know a key. */
function isKeyName(keyId: string): boolean {
  return keyId === 'private' || keyId.startsWith('private:') || isPublicKeyName(keyId);
}

/** Whether a key ID of a path names a public key. */
export function isPublicKeyName(name: string): boolean {
  return name === 'public' || name.startsWith('public:');
}
