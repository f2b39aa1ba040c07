/**
 * The members of login, consent and logout requests as the admin API sends and takes them; `@ory/hydra-client` has the
 * same ones under the same names. Times are RFC 3339 texts, durations seconds.
 */

/** Parameters of the authentication request (OpenID Connect Core section 3.1.2.1) that concern the pages. */
export type OpenIdContext = {
  readonly acr_values?: readonly string[] | null;
  readonly display?: string;
  readonly id_token_hint_claims?: Readonly<Record<string, unknown>> | null;
  readonly login_hint?: string;
  /** BCP 47 tags, the preferred one first. */
  readonly ui_locales?: readonly string[] | null;
};

/** What pages show of the client that asks; the admin API sends all of its metadata but no secret. */
export type RequestingClient = {
  readonly client_id?: string;
  readonly client_name?: string;
  readonly client_uri?: string;
  readonly logo_uri?: string;
  readonly policy_uri?: string;
  readonly tos_uri?: string;
  readonly redirect_uris?: readonly string[] | null;
  readonly skip_consent?: boolean;
  readonly [member: string]: unknown;
};

export type LoginRequest = {
  readonly challenge: string;
  readonly client: RequestingClient;
  readonly oidc_context?: OpenIdContext | null;
  /** The authorization request, with its whole query. */
  readonly request_url: string;
  readonly requested_access_token_audience?: readonly string[] | null;
  readonly requested_scope?: readonly string[] | null;
  readonly session_id?: string;
  /** Whether a remembered session answers already: accept with `subject`, without showing anything. */
  readonly skip: boolean;
  readonly subject: string;
};

export type ConsentRequest = {
  readonly challenge: string;
  readonly acr?: string;
  readonly amr?: readonly string[] | null;
  readonly client?: RequestingClient;
  readonly consent_request_id?: string;
  /** What the login was accepted with. */
  readonly context?: unknown;
  readonly login_challenge?: string;
  readonly login_session_id?: string;
  readonly oidc_context?: OpenIdContext | null;
  readonly request_url?: string;
  readonly requested_access_token_audience?: readonly string[] | null;
  readonly requested_scope?: readonly string[] | null;
  /** Whether the same was granted before and remembered: decide without asking. */
  readonly skip?: boolean;
  readonly subject?: string;
};

export type LogoutRequest = {
  readonly challenge?: string;
  readonly client?: RequestingClient | null;
  readonly expires_at?: string;
  readonly request_url?: string;
  readonly requested_at?: string;
  readonly rp_initiated?: boolean;
  readonly sid?: string;
  readonly subject?: string;
};

export type LoginAcceptance = {
  /** The user, by a name that never changes and is not the name of a client. */
  readonly subject: string;
  readonly acr?: string;
  /** Methods of authentication (RFC 8176). */
  readonly amr?: readonly string[];
  /** Handed back with the consent request. */
  readonly context?: unknown;
  readonly extend_session_lifespan?: boolean;
  readonly force_subject_identifier?: string;
  readonly identity_provider_session_id?: string;
  readonly remember?: boolean;
  /** Seconds; 0 until the browser closes. */
  readonly remember_for?: number;
};

export type ConsentAcceptance = {
  readonly grant_scope?: readonly string[];
  readonly grant_access_token_audience?: readonly string[];
  readonly context?: unknown;
  readonly remember?: boolean;
  /** Seconds; 0 for ever. */
  readonly remember_for?: number;
  /** Members for introspection, and claims for the ID token. */
  readonly session?: { readonly access_token?: unknown; readonly id_token?: unknown };
};

/** The error response that the client gets (RFC 6749 section 4.1.2.1). */
export type Rejection = {
  readonly error?: string;
  readonly error_description?: string;
  readonly error_hint?: string;
  readonly error_debug?: string;
  readonly status_code?: number;
};

/** Where the browser goes next. */
export type RedirectTo = { readonly redirect_to: string };

/** What a user granted to a client, as it is remembered. */
export type ConsentSession = {
  readonly consent_request?: ConsentRequest;
  readonly consent_request_id?: string;
  readonly context?: unknown;
  readonly grant_access_token_audience?: readonly string[] | null;
  readonly grant_scope?: readonly string[] | null;
  readonly handled_at?: string;
  readonly remember?: boolean;
  readonly remember_for?: number;
  readonly session?: { readonly access_token?: unknown; readonly id_token?: unknown };
};

/** A remembered login in one browser. */
export type LoginSession = {
  /** The `sid` of its ID tokens. */
  readonly id: string;
  readonly authenticated_at?: string;
  readonly expires_at?: string;
  readonly remember?: boolean;
  readonly acr?: string;
  readonly amr?: readonly string[] | null;
};

/** A part of what a subject has, in the server's order. */
export type SessionPage<Item> = {
  readonly items: readonly Item[];
  /** Where the next page begins; absent on the last. */
  readonly next?: string;
};
