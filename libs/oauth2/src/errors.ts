/** What is known of an error code: its HTTP status and the words a client's developer reads. */
type ErrorRow = { readonly status: number; readonly description: string };

/**
 * Every OAuth 2.0 error code that this server answers. Descriptions of codes that Hydra 0.9 knew are its own, byte by
 * byte. `unauthorized_client` is 400 as RFC 6749 section 5.2 demands.
 */
export const oauth2ErrorTable = {
  request_unauthorized: { status: 401, description: 'The request could not be authorized' },
  request_forbidden: { status: 403, description: 'The request is not allowed' },
  invalid_request: {
    status: 400,
    description:
      'The request is missing a required parameter, includes an invalid parameter value, includes a parameter more than once, or is otherwise malformed',
  },
  unauthorized_client: {
    status: 400,
    description: 'The client is not authorized to request a token using this method',
  },
  access_denied: { status: 403, description: 'The resource owner or authorization server denied the request' },
  unsupported_response_type: {
    status: 400,
    description: 'The authorization server does not support obtaining a token using this method',
  },
  unsupported_response_mode: {
    status: 400,
    description: 'The authorization server does not support the requested response mode',
  },
  invalid_scope: { status: 400, description: 'The requested scope is invalid, unknown, or malformed' },
  server_error: {
    status: 500,
    description:
      'The authorization server encountered an unexpected condition that prevented it from fulfilling the request',
  },
  temporarily_unavailable: {
    status: 503,
    description:
      'The authorization server is currently unable to handle the request due to a temporary overloading or maintenance of the server',
  },
  unsupported_grant_type: {
    status: 400,
    description: 'The authorization grant type is not supported by the authorization server',
  },
  unsupported_token_type: {
    status: 400,
    description: 'The authorization server does not support the revocation of the presented token type',
  },
  invalid_grant: {
    status: 400,
    description:
      'The provided authorization grant (e.g., authorization code, resource owner credentials) or refresh token is invalid, expired, revoked, does not match the redirection URI used in the authorization request, or was issued to another client',
  },
  invalid_client: {
    status: 401,
    description:
      'Client authentication failed (e.g., unknown client, no client authentication included, or unsupported authentication method)',
  },
  invalid_state: {
    status: 400,
    description: 'The state is missing or has less than 8 characters and is therefore considered too weak',
  },
  insufficient_entropy: {
    status: 400,
    description:
      'The request used a security parameter (e.g., anti-replay, anti-csrf) with insufficient entropy (minimum of 8 characters)',
  },
  invalid_token: { status: 401, description: 'Invalid token format' },
  insufficient_scope: { status: 403, description: 'The request requires a scope that was not granted to the token' },
  scope_not_granted: { status: 403, description: 'The token was not granted the requested scope' },
  invalid_target: {
    status: 400,
    description: 'The requested resource is invalid, missing, unknown, or malformed',
  },
  login_required: { status: 400, description: 'The authorization server requires the resource owner to authenticate' },
  consent_required: { status: 400, description: 'The authorization server requires the consent of the resource owner' },
  interaction_required: {
    status: 400,
    description: 'The authorization server requires interaction with the resource owner',
  },
  account_selection_required: {
    status: 400,
    description: 'The authorization server requires the resource owner to select an account',
  },
  unmet_authentication_requirements: {
    status: 400,
    description: 'The authorization server is unable to meet the requirements of the client for the authentication',
  },
  invalid_request_uri: { status: 400, description: 'The request_uri is not registered or answers no request object' },
  invalid_request_object: { status: 400, description: 'The request object is invalid' },
  request_not_supported: {
    status: 400,
    description: 'The authorization server does not support the request parameter',
  },
  request_uri_not_supported: {
    status: 400,
    description: 'The authorization server does not support the request_uri parameter',
  },
  registration_not_supported: {
    status: 400,
    description: 'The authorization server does not support the registration parameter',
  },
  invalid_client_metadata: { status: 400, description: 'The value of a client metadata member is invalid' },
  invalid_redirect_uri: { status: 400, description: 'The value of a redirection URI is invalid' },
} as const satisfies { readonly [code: string]: ErrorRow };

/** The error codes of this server. */
export type OAuth2ErrorCode = keyof typeof oauth2ErrorTable;

/**
 * An answer of the authorization server that refuses (RFC 6749 sections 4.1.2.1 and 5.2). It is thrown in this room and
 * caught once per edge; anything else that is thrown is a fault.
 */
export class OAuth2Error extends Error {
  readonly code: OAuth2ErrorCode;
  readonly description: string;
  /** HTTP status of a direct answer: that of the code, or 429 where the caller asks too much (RFC 6585 section 4). */
  readonly status: number;
  /** What to do about it: names parameters and rules, never a secret. May be shown to the client's developer. */
  readonly hint?: string;

  constructor(code: OAuth2ErrorCode, hint?: string, status?: 429) {
    super(hint === undefined ? code : `${code}: ${hint}`);
    this.name = 'OAuth2Error';
    this.code = code;
    this.description = oauth2ErrorTable[code].description;
    this.status = status ?? oauth2ErrorTable[code].status;
    if (hint !== undefined) this.hint = hint;
  }
}
