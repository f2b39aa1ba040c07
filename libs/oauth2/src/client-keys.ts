import { isObject, type Jwk, KeyError, parseStrictObject, StrictJsonError, validateJwk } from '@castellan/jwk';
import type { Client } from './client.js';
import { OAuth2Error } from './errors.js';
import type { OutboundFetch } from './outbound.js';

/** The public keys of clients: those they registered, or those behind their `jwks_uri`. */
export type ClientKeys = {
  /**
   * The keys as last seen. `renewed` asks for keys that came since, because none of those seen fits; it is heeded at most
   * every 30 s for one client, so that unknown key ids cannot make this server flood another.
   */
  of(client: Client, freshness: 'cached' | 'renewed'): Promise<readonly Jwk[]>;
};

const maxKeys = 50;
const maxAgeMs = 5 * 60_000;
const renewAfterMs = 30_000;
const maxStaleMs = 60 * 60_000;
const maxEntries = 1_000;

type Entry = {
  readonly keys: readonly Jwk[];
  /** When the keys were fetched, and when that was last tried. */
  readonly fetchedAt: number;
  readonly triedAt: number;
};

/** The keys of clients; `now` is a monotonic clock in milliseconds. Keys that cannot be fetched any more end after an hour. */
export function createClientKeys(options: { readonly fetch: OutboundFetch; readonly now: () => number }): ClientKeys {
  const { fetch, now } = options;
  const entries = new Map<string, Entry>();
  const running = new Map<string, Promise<readonly Jwk[]>>();

  async function load(uri: string): Promise<readonly Jwk[]> {
    const old = entries.get(uri);
    const triedAt = now();
    let entry: Entry;
    try {
      entry = { keys: await fetchKeys(uri, fetch), fetchedAt: triedAt, triedAt };
    } catch (cause) {
      if (!(cause instanceof Error)) throw cause;
      const usable = old !== undefined && triedAt - old.fetchedAt < maxStaleMs;
      entry = { keys: usable ? old.keys : [], fetchedAt: usable ? old.fetchedAt : -Infinity, triedAt };
    }
    entries.delete(uri);
    entries.set(uri, entry);
    const oldest = entries.size > maxEntries ? entries.keys().next() : undefined;
    if (oldest !== undefined && oldest.done !== true) entries.delete(oldest.value);
    return entry.keys;
  }

  return {
    async of({ jwks, jwksUri }, freshness) {
      if (jwks !== undefined || jwksUri === undefined) return jwks ?? [];
      const entry = entries.get(jwksUri);
      const age = entry === undefined ? Infinity : now() - entry.triedAt;
      if (entry !== undefined && age < (freshness === 'renewed' ? renewAfterMs : maxAgeMs)) return entry.keys;
      const shared = running.get(jwksUri);
      if (shared !== undefined) return shared;
      const loading = load(jwksUri).finally(() => running.delete(jwksUri));
      running.set(jwksUri, loading);
      return loading;
    },
  };
}

/**
 * Reads the `jwks` member of a client: a JWK Set of public keys (RFC 7517 section 5). Every key must be sound, none private
 * or symmetric, no key id twice. Throws `invalid_client_metadata`.
 */
export async function readClientKeys(json: string): Promise<readonly Jwk[]> {
  try {
    const keys: Jwk[] = [];
    for (const key of keysOf(json)) keys.push(await validateJwk(key));
    refuseUnfitKeys(keys);
    return keys;
  } catch (cause) {
    const known = cause instanceof KeyError || cause instanceof StrictJsonError || cause instanceof UnfitKeysError;
    if (!known) throw cause;
    throw new OAuth2Error('invalid_client_metadata', `jwks: ${cause.message}`);
  }
}

class UnfitKeysError extends Error {}

async function fetchKeys(uri: string, fetch: OutboundFetch): Promise<readonly Jwk[]> {
  const { status, body } = await fetch(uri);
  if (status !== 200) throw new UnfitKeysError('not found');
  const keys: Jwk[] = [];
  for (const key of keysOf(body)) {
    try {
      keys.push(await validateJwk(key));
    } catch (cause) {
      // Keys of types and curves that are not known here are for others (RFC 7517 section 5).
      if (!(cause instanceof KeyError)) throw cause;
    }
  }
  refuseUnfitKeys(keys);
  return keys;
}

function keysOf(json: string): readonly unknown[] {
  const { keys } = parseStrictObject(json);
  if (!Array.isArray(keys) || !keys.every(isObject)) throw new UnfitKeysError('it has no list of keys');
  if (keys.length === 0 || keys.length > maxKeys) throw new UnfitKeysError(`it must hold 1 to ${maxKeys} keys`);
  if (keys.some((key) => key['kty'] === 'oct' || Object.hasOwn(key, 'd'))) {
    throw new UnfitKeysError('it holds a private or symmetric key');
  }
  return keys;
}

function refuseUnfitKeys(keys: readonly Jwk[]): void {
  const names = keys.flatMap(({ kid }) => kid ?? []);
  if (new Set(names).size !== names.length) throw new UnfitKeysError('two keys have the same kid');
}
