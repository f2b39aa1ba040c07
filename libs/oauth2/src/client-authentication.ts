import { createHash, timingSafeEqual } from 'node:crypto';
import { parseBasicHeader } from './basic-credentials.js';
import type { Client } from './client.js';
import { claimedClientId, type ClientAssertions, clientAssertionType } from './client-assertion.js';
import type { ClientCache } from './client-cache.js';
import type { ClientSecrets } from './client-secret.js';
import type { SecretSlot, StoredClient } from './client-store.js';
import { OAuth2Error } from './errors.js';
import type { ParameterMap } from './parameters.js';

/** Where a request carries client credentials: the Authorization header (empty when absent) and the form. */
export type CarriedCredentials = {
  readonly authorization: string;
  readonly parameters: ParameterMap;
  /** Of the caller, where it is known. */
  readonly remoteAddress?: string;
};

/** Authenticates clients at every endpoint that is not for browsers (RFC 6749 section 2.3). */
export type ClientAuthentication = {
  /**
   * The authenticated client; of a public client only the id is known. Throws `invalid_client` (401) or
   * `invalid_request` for credentials that contradict each other. With `cached` the answer may be an older row: the
   * write that follows must be guarded by its revision. A refusal is always decided on a fresh row.
   */
  authenticate(carried: CarriedCredentials, freshness: 'cached' | 'fresh'): Promise<StoredClient>;
};

/** Credentials as presented: one client id, and the readings of one secret or an assertion, and how they came. */
type Presented = {
  readonly id: string;
  readonly secrets: readonly string[];
  readonly basic: boolean;
  readonly post: boolean;
  readonly assertion?: string;
};

/** The methods by which clients authenticate (RFC 7591 section 2), as the metadata document lists them. */
export const clientAuthenticationMethods = [
  'client_secret_basic',
  'client_secret_post',
  'private_key_jwt',
  'none',
] as const;

/**
 * Client authentication over cached clients, their secrets and their keys. `noteSecretUse` is told which secret let a
 * client in, and its text; it does not hold the request up.
 */
export function createClientAuthentication(options: {
  readonly clients: ClientCache;
  readonly secrets: ClientSecrets;
  readonly assertions: ClientAssertions;
  readonly noteSecretUse?: (stored: StoredClient, slot: SecretSlot, secret: string) => void;
}): ClientAuthentication {
  const { clients, secrets, assertions } = options;
  // A request that is repeated because its client was changed burns its assertion once.
  const burnt = new WeakSet<CarriedCredentials>();

  async function attempt(
    stored: StoredClient | undefined,
    presented: Presented,
    carried: CarriedCredentials,
  ): Promise<boolean> {
    if (stored === undefined || !mayUseMethod(stored.client, presented)) return false;
    // An original public client sent Basic with any password. A secret that nobody checks would pass for one that
    // somebody does, so only the empty one is accepted.
    if (stored.client.public) return presented.secrets.length === 0;
    if (presented.assertion !== undefined) return assert(presented.assertion, stored, carried);
    for (const secret of presented.secrets) {
      const slot = await secrets.verify(stored, secret, carried.remoteAddress);
      if (slot === undefined) continue;
      options.noteSecretUse?.(stored, slot, secret);
      return true;
    }
    return false;
  }

  async function assert(assertion: string, stored: StoredClient, carried: CarriedCredentials): Promise<boolean> {
    const use = await assertions.verify(assertion, stored);
    if (use === undefined) return false;
    if (burnt.has(carried)) return true;
    if (!(await assertions.store.burn(use))) {
      throw new OAuth2Error('invalid_client', 'the client assertion was used before');
    }
    burnt.add(carried);
    return true;
  }

  return {
    async authenticate(carried, freshness) {
      const presented = readCredentials(carried);
      const first = await clients.find(presented.id, freshness);
      if (first.stored !== undefined && (await attempt(first.stored, presented, carried))) return first.stored;
      const { stored } = first.fresh ? first : await clients.find(presented.id, 'fresh');
      const changed = stored?.revision !== first.stored?.revision || stored?.uid !== first.stored?.uid;
      if (stored !== undefined && changed && (await attempt(stored, presented, carried))) return stored;
      // Every refused secret costs one slow hash, whether the client is unknown, has a generated secret or may not use
      // this method: the time of a refusal tells nothing.
      if (stored?.secret?.kind !== 'argon2id' || !mayUseMethod(stored.client, presented)) {
        const { remoteAddress: address } = carried;
        const caller = { clientId: presented.id, ...(address !== undefined ? { address } : {}) };
        for (const secret of presented.secrets) await secrets.spendTime(secret, caller);
      }
      throw new OAuth2Error('invalid_client');
    },
  };
}

/**
 * A client that was registered with a method uses that one; without it Basic, body or both authenticate. The same
 * credentials in Basic and body are one authentication (rulings 29). An assertion is for those registered for it only.
 */
function mayUseMethod(client: Client, presented: Presented): boolean {
  if ((presented.assertion !== undefined) !== (client.tokenEndpointAuthMethod === 'private_key_jwt')) return false;
  switch (client.tokenEndpointAuthMethod) {
    case 'client_secret_basic':
      return presented.basic;
    case 'client_secret_post':
      return presented.post;
    default:
      return true;
  }
}

function readCredentials({ authorization, parameters }: CarriedCredentials): Presented {
  const id = parameters.get('client_id');
  const secret = parameters.get('client_secret');
  const asserts = parameters.has('client_assertion') || parameters.has('client_assertion_type');
  if (asserts && (authorization !== '' || secret !== undefined)) {
    throw new OAuth2Error('invalid_request', 'the client authenticates in more than one way');
  }
  if (asserts) return readAssertion(parameters);
  if (authorization === '') {
    if (id === undefined) throw new OAuth2Error('invalid_client', 'no client authentication is included');
    return { id, secrets: secret === undefined ? [] : [secret], basic: false, post: secret !== undefined };
  }
  const basic = parseBasicHeader(authorization);
  if (basic === undefined) {
    throw new OAuth2Error('invalid_client', 'the Authorization header is not of scheme Basic, or malformed');
  }
  const sameId = id === undefined || id === basic.id;
  const sameSecret = secret === undefined || basic.secrets.some((reading) => equalSecrets(reading, secret));
  if (!sameId || !sameSecret) {
    throw new OAuth2Error('invalid_request', 'the Authorization header and the form name different credentials');
  }
  return {
    id: basic.id,
    secrets: secret === undefined ? basic.secrets : [secret],
    basic: true,
    post: secret !== undefined,
  };
}

/** Parameters of RFC 7521 section 4.2; the client is that of the assertion, and of `client_id` where it is given. */
function readAssertion(parameters: ParameterMap): Presented {
  const assertion = parameters.get('client_assertion');
  if (parameters.get('client_assertion_type') !== clientAssertionType) {
    throw new OAuth2Error('invalid_request', `the client_assertion_type must be ${clientAssertionType}`);
  }
  if (assertion === undefined) throw new OAuth2Error('invalid_request', 'the parameter client_assertion is missing');
  const id = claimedClientId(assertion);
  if ((parameters.get('client_id') ?? id) !== id) {
    throw new OAuth2Error('invalid_client', 'client_id and the client assertion name different clients');
  }
  return { id, secrets: [], basic: false, post: false, assertion };
}

function equalSecrets(left: string, right: string): boolean {
  return timingSafeEqual(createHash('sha256').update(left).digest(), createHash('sha256').update(right).digest());
}
