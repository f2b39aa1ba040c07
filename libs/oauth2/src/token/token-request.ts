import type { StoredClient } from '../client-store.js';
import type { RowKey } from '../grant.js';
import type { IdTokenTools } from '../id-token.js';
import type { ParameterMap } from '../parameters.js';
import type { AccessTokenTools } from './access-token-jwt.js';
import type { AudienceParameter } from './resource.js';
import type { TokenStore } from './token-store.js';

/** A token request whose client is authenticated and registered for the grant type. */
export type TokenRequest = {
  readonly parameters: ParameterMap;
  readonly client: StoredClient;
  /** Whether the client's row was read after the request came. */
  readonly clientIsFresh: boolean;
  /** Address of the client, where it is known. */
  readonly remoteAddress?: string;
};

/** A single-use token that came again outside every window: by the client that lost it or by whoever stole it. */
export type TokenReuse = {
  readonly event: 'refresh_reuse' | 'code_reuse';
  readonly clientId: string;
  readonly subject: string;
  /** The family that is revoked for it. */
  readonly family: RowKey;
};

/** What grants work with. */
export type GrantTools = IdTokenTools &
  AccessTokenTools & {
    readonly issuer: string;
    readonly store: TokenStore;
    /** Absent: read. */
    readonly audienceParameter?: AudienceParameter;
    /** How long an authenticated client may be given the answer to a refresh again; 0: never (rulings 35). */
    readonly refreshGraceMs: number;
    /** Is told of each reuse once its family is revoked; an audit event. */
    readonly noteReuse?: (reuse: TokenReuse) => void;
  };

/** What a token request buys (RFC 6749 section 5.1). `expiresIn` in seconds. */
export type IssuedTokens = {
  readonly accessToken: string;
  readonly expiresIn: number;
  readonly scopes: readonly string[];
  readonly refreshToken?: string;
  readonly idToken?: string;
};

/** One grant of the token endpoint. */
export type GrantHandler = {
  /** Whether clients that cannot authenticate may use it. */
  readonly publicClients: boolean;
  /** `cached` only where the grant's write is guarded by the revision of the client's row (rulings 18). */
  readonly clientRow: 'cached' | 'fresh';
  /** Issues the tokens, or throws OAuth2Error. `client-changed`: nothing was stored, the client's row is outdated. */
  issue(request: TokenRequest, tools: GrantTools): Promise<IssuedTokens | 'client-changed'>;
};

/** Where a request came from, as the issuance guard is told it. */
export function callerOf({ remoteAddress }: TokenRequest): Pick<TokenRequest, 'remoteAddress'> {
  return remoteAddress === undefined ? {} : { remoteAddress };
}
