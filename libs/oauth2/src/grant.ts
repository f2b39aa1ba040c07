/** A JSON object as it travels in `at_ext`, `id_ext` and claims. */
export type JsonObject = { readonly [name: string]: unknown };

/**
 * What was granted, and to whom: the facts that every token of one authorization carries.
 * A grant of a resource owner is stored once as a *family*; its code, access tokens and refresh tokens refer to it.
 */
export type Grant = {
  readonly clientId: string;
  /** Immutable id of the client row: a client re-created under the same id inherits nothing. */
  readonly clientUid: string;
  readonly subject: string;
  readonly scopes: readonly string[];
  /** Empty means the client id itself (rulings 31). */
  readonly audience: readonly string[];
  /** What of the audience no resource server had when it was granted, and needs none (Hydra's `audience`). */
  readonly unregisteredAudience?: readonly string[];
  /** `at_ext` of the consent response; shown as `ext` by introspection. */
  readonly accessTokenExtra: JsonObject;
  /** `id_ext` of the consent response without reserved claims. */
  readonly idTokenExtra: JsonObject;
  /** Seconds since the epoch at which the resource owner authenticated. */
  readonly authTime?: number;
  readonly nonce?: string;
  /** Names that the `claims` parameter asked userinfo for (OpenID Connect Core section 5.5). */
  readonly userinfoClaims?: readonly string[];
  /** The login session in which it was granted; the `sid` of ID tokens and logout tokens. */
  readonly sid?: string;
  /** The consent by which it was granted. */
  readonly consentId?: string;
  /** The `sub` that the client knows, where the login app chose it for a pairwise client. */
  readonly subjectIdentifier?: string;
};

/** Names a partitioned row: partition key and row key. */
export type RowKey = { readonly bucket: number; readonly id: string };

/** A family row to insert: the grant and how long anything under it may live (milliseconds since the epoch). */
export type NewFamily = { readonly key: RowKey; readonly grant: Grant; readonly expiresAt: number };
