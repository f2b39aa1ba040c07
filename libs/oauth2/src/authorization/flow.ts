import type { ClientStore, StoredClient } from '../client-store.js';
import type { SignConsentChallenge } from '../consent/challenge.js';
import type { Flow, FlowCookies, SetCookie } from '../consent/flow-cookie.js';
import type { ConsentResponseKeys } from '../consent/response.js';
import type { OAuth2Error } from '../errors.js';
import type { IdTokenTools } from '../id-token.js';
import type { ChallengeText } from '../interaction/challenge-text.js';
import type { ConsentStore } from '../interaction/consent-store.js';
import type { LoginConsentFlow } from '../interaction/interaction.js';
import type { LoginSessionStore } from '../interaction/login-session-store.js';
import type { SessionCookie, SessionCookies } from '../interaction/session-cookie.js';
import type { ParameterMap } from '../parameters.js';
import type { AccessTokenTools } from '../token/access-token-jwt.js';
import type { AuthorizationRequestStore } from './authorization-request-store.js';
import type { AudienceParameter } from '../token/resource.js';
import type { ChosenRedirectUri } from './redirect-uri.js';
import type { IdTokenHint, IdTokenKeys } from './id-token-hint.js';
import type { ValidRequest } from './request.js';
import type { RequestUriTools } from './request-uri.js';
import type { AuthorizationResponse, ResponseTarget } from './response.js';

/** How the authorization endpoint is configured. */
export type AuthorizationSettings = {
  /** Without a trailing slash. */
  readonly issuer: string;
  /** Where the login and consent app lives; may have a query. */
  readonly consentUrl: string;
  /** Shortest `state`; 0 makes it optional. */
  readonly stateMinLength: number;
  /** PKCE is demanded of every client. */
  readonly requirePkce: boolean;
  /** `narrow`: scopes that the client may not ask for are left out; absent or `strict`: they are refused. */
  readonly scopePolicy?: 'strict' | 'narrow';
  /** Absent: read. */
  readonly audienceParameter?: AudienceParameter;
  /** Errors that no client may be told go to the consent app, as the original did, instead of to our error page. */
  readonly legacyErrorRedirect: boolean;
  /** Undecided requests that one client may have at a time. */
  readonly pendingRequestsPerClient: number;
  /** The same for one address. */
  readonly pendingRequestsPerAddress: number;
  /** How login and consent apps are spoken to where a client registered nothing else. */
  readonly flow: LoginConsentFlow;
  /** Where the login app lives; may have a query. Only the challenge flow has one. */
  readonly loginUrl?: string;
  /** Where errors that no client may be told go, instead of to our error page. */
  readonly errorUrl?: string;
  /** The longest that a login session lives, in milliseconds. */
  readonly loginSessionMs: number;
};

/** What the authorization endpoint works with. Times come from `mint.now`, the database clock. */
export type AuthorizationTools = IdTokenTools &
  AccessTokenTools & {
    readonly settings: AuthorizationSettings;
    readonly clients: Pick<ClientStore, 'find'>;
    readonly requests: AuthorizationRequestStore;
    readonly cookies: FlowCookies;
    readonly signChallenge: SignConsentChallenge;
    readonly responseKeys: ConsentResponseKeys;
    readonly idTokenKeys: IdTokenKeys;
    readonly requestUris: RequestUriTools;
    readonly sessions: LoginSessionStore;
    readonly consents: Pick<ConsentStore, 'findRemembered'>;
    readonly sessionCookies: SessionCookies;
    readonly challenges: ChallengeText;
    /** A keyed hash of an address, or of the network that one customer holds; undefined when it is not known. */
    readonly hashAddress: (address: string) => string | undefined;
  };

/** An authorization request as it came from a browser, every rule of it checked. */
export type IncomingRequest = {
  readonly client: StoredClient;
  readonly redirect: ChosenRedirectUri;
  readonly request: ValidRequest;
  readonly forwarded: ParameterMap;
  /** Who shall log in, as the client knows them, when the request says so. */
  readonly hint?: IdTokenHint;
  readonly remoteAddress: string;
  /** The session cookie of this browser. */
  readonly session?: SessionCookie;
  /** Where the answer goes. */
  readonly target: ResponseTarget;
  /** The pending flows of this browser, newest first. */
  readonly flows: readonly Flow[];
  /** The browser came over https. */
  readonly secure: boolean;
};

/** What the browser shall see next. */
export type AuthorizeOutcome =
  | { readonly kind: 'to-consent'; readonly location: string; readonly cookies: readonly SetCookie[] }
  | ({ readonly kind: 'to-client'; readonly cookies: readonly SetCookie[] } & AuthorizationResponse)
  | ({
      readonly kind: 'error-to-client';
      readonly cookies: readonly SetCookie[];
      /** For the log. */
      readonly error: OAuth2Error;
    } & AuthorizationResponse)
  /** Always HTTP 400. */
  | { readonly kind: 'error-page'; readonly error: OAuth2Error; readonly cookies: readonly SetCookie[] };
