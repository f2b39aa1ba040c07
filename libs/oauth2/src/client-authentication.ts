import { createHash, timingSafeEqual } from 'node:crypto';
import { parseBasicHeader } from './basic-credentials.js';
import type { Client } from './client.js';
import type { ClientCache } from './client-cache.js';
import type { ClientSecrets } from './client-secret.js';
import type { StoredClient } from './client-store.js';
import { OAuth2Error } from './errors.js';
import type { ParameterMap } from './parameters.js';

/** Where a request carries client credentials: the Authorization header (empty when absent) and the form. */
export type CarriedCredentials = { readonly authorization: string; readonly parameters: ParameterMap };

/** Authenticates clients at every endpoint that is not for browsers (RFC 6749 section 2.3). */
export type ClientAuthentication = {
  /**
   * The authenticated client; of a public client only the id is known. Throws `invalid_client` (401) or
   * `invalid_request` for credentials that contradict each other. With `cached` the answer may be an older row: the
   * write that follows must be guarded by its revision. A refusal is always decided on a fresh row.
   */
  authenticate(carried: CarriedCredentials, freshness: 'cached' | 'fresh'): Promise<StoredClient>;
};

/** Credentials as presented: one client id and the readings of one secret, and how they came. */
type Presented = {
  readonly id: string;
  readonly secrets: readonly string[];
  readonly basic: boolean;
  readonly post: boolean;
};

/** Client authentication over cached clients and their secrets. */
export function createClientAuthentication(options: {
  readonly clients: ClientCache;
  readonly secrets: ClientSecrets;
}): ClientAuthentication {
  const { clients, secrets } = options;

  async function attempt(stored: StoredClient | undefined, presented: Presented): Promise<boolean> {
    if (stored === undefined || !mayUseMethod(stored.client, presented)) return false;
    // An original public client sent Basic with any password. A secret that nobody checks would pass for one that
    // somebody does, so only the empty one is accepted.
    if (stored.client.public) return presented.secrets.length === 0;
    for (const secret of presented.secrets) if (await secrets.verify(stored, secret)) return true;
    return false;
  }

  return {
    async authenticate(carried, freshness) {
      const presented = readCredentials(carried);
      const first = await clients.find(presented.id, freshness);
      if (first.stored !== undefined && (await attempt(first.stored, presented))) return first.stored;
      const { stored } = first.fresh ? first : await clients.find(presented.id, 'fresh');
      const changed = stored?.revision !== first.stored?.revision || stored?.uid !== first.stored?.uid;
      if (stored !== undefined && changed && (await attempt(stored, presented))) return stored;
      // Every refused secret costs one slow hash, whether the client is unknown, has a generated secret or may not use
      // this method: the time of a refusal tells nothing.
      if (stored?.secret?.kind !== 'argon2id' || !mayUseMethod(stored.client, presented)) {
        for (const secret of presented.secrets) await secrets.spendTime(secret);
      }
      throw new OAuth2Error('invalid_client');
    },
  };
}

/**
 * A client that was registered with a method uses that one; without it Basic, body or both authenticate. The same
 * credentials in Basic and body are one authentication (rulings 29).
 */
function mayUseMethod(client: Client, presented: Presented): boolean {
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
  const assertion = parameters.has('client_assertion') || parameters.has('client_assertion_type');
  if (assertion && (authorization !== '' || secret !== undefined)) {
    throw new OAuth2Error('invalid_request', 'the client authenticates in more than one way');
  }
  if (assertion) throw new OAuth2Error('invalid_client', 'client assertions are not supported');
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

function equalSecrets(left: string, right: string): boolean {
  return timingSafeEqual(createHash('sha256').update(left).digest(), createHash('sha256').update(right).digest());
}
