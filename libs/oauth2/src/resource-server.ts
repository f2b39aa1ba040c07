import type { AccessTokenFormat } from './client.js';
import { isClientId } from './client-metadata.js';
import { OAuth2Error } from './errors.js';
import { formatScope, parseScope } from './scope.js';

/** A registered resource server: what tokens for it are like (RFC 8707). */
export type ResourceServer = {
  readonly id: string;
  /** Its resource indicator; `aud` of tokens for it. */
  readonly uri: string;
  readonly name: string;
  /** Scopes that tokens for it may hold (hierarchic); empty: whatever was granted. */
  readonly scopes: readonly string[];
  /** Absent: as for the client. */
  readonly accessTokenFormat?: AccessTokenFormat;
  /** Tokens for it live no longer; absent: as for the client. */
  readonly accessTokenLifetimeMs?: number;
};

/** Where resource servers are kept. */
export interface ResourceServerStore {
  /** Stores a resource server, or replaces the one of that id. False when another one has the URI. */
  put(server: ResourceServer): Promise<boolean>;
  /** Those of the URIs that are registered now. */
  find(uris: readonly string[]): Promise<readonly ResourceServer[]>;
  /** All, ordered by id. */
  list(): Promise<readonly ResourceServer[]>;
  /** False when absent. */
  remove(id: string): Promise<boolean>;
}

const maxUriLength = 1024;
const longestMs = 315_360_000_000;

/** What is wrong with a resource indicator (RFC 8707 section 2); undefined when nothing is. */
export function resourceUriProblem(uri: string): string | undefined {
  if (uri.length > maxUriLength) return 'is too long';
  if (!/^[a-z][a-z0-9+.-]*:[\x21-\x7e]+$/i.test(uri) || /["<>\\^`{|}]/.test(uri)) return 'must be an absolute URI';
  return uri.includes('#') ? 'must have no fragment' : undefined;
}

/**
 * What is wrong with an entry of a client's `audience`; undefined when nothing is. Hydra has any word there; what is no
 * resource indicator can be asked for by `audience` and not by `resource`.
 */
export function audienceProblem(entry: string): string | undefined {
  if (entry.length > maxUriLength) return 'is too long';
  return /^[\x21-\x7e]+$/.test(entry) && !/["\\]/.test(entry) ? undefined : 'must be one word of printable ASCII';
}

/** Validates a resource server before it is stored. Throws `invalid_client_metadata`. */
export function validateResourceServer(server: ResourceServer): ResourceServer {
  if (!isClientId(server.id)) throw invalid('id must be 1 to 255 characters out of letters, digits and . _ ~ : @ -');
  const problem = resourceUriProblem(server.uri);
  if (problem !== undefined) throw invalid(`uri ${problem}`);
  if (server.name.length > 1024 || /[\u0000-\u001f\u007f-\u009f]|\p{Surrogate}/u.test(server.name)) {
    throw invalid('name is too long or holds a control character');
  }
  const lifetime = server.accessTokenLifetimeMs;
  if (lifetime !== undefined && !(Number.isSafeInteger(lifetime) && lifetime >= 1_000 && lifetime <= longestMs)) {
    throw invalid('access_token_lifespan must be 1s to 87600h');
  }
  return { ...server, scopes: parseScope(formatScope(server.scopes)) };
}

function invalid(hint: string): OAuth2Error {
  return new OAuth2Error('invalid_client_metadata', hint);
}
