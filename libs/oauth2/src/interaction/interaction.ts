import type { JsonObject } from '../grant.js';

/**
 * How the authorization endpoint talks to the login and consent app: the signed JWT of Hydra 0.9, the consent requests of
 * 0.10 and 0.11, or the login and consent challenges since 1.0.
 */
export type LoginConsentFlow = 'jwt' | 'consent-request' | 'challenge';

/**
 * Where a request waits: for the login app, for the browser to bring the login verifier, for the consent app, for the
 * browser to bring the consent verifier. Each step is taken once.
 */
export type InteractionStage = 'login' | 'login-decided' | 'consent' | 'consent-decided';

/** Why a user has to log in although there may be a session. */
export type LoginReason = 'no_session' | 'prompt_login' | 'prompt_select_account' | 'max_age' | 'id_token_hint';

/** What is known of the user when the login app is asked. */
export type LoginFacts = {
  /** The browser holds a session that this request may use: the app shall accept without asking. */
  readonly skip: boolean;
  /** The subject of that session; empty when the user has to log in. */
  readonly subject: string;
  /** The `sid` that the session has, or will have. */
  readonly sid: string;
  /** Absent when the session will do. */
  readonly reason?: LoginReason;
  /** Claims of the request's `id_token_hint`. */
  readonly hintClaims?: JsonObject;
};

/** The user logged in, as the login app says. */
export type AcceptedLogin = {
  readonly kind: 'accepted';
  readonly subject: string;
  readonly remember: boolean;
  /** Seconds; 0: until the browser is closed. */
  readonly rememberFor: number;
  /** A session that is used again lives anew for `rememberFor`. */
  readonly extendSession: boolean;
  readonly acr?: string;
  readonly amr?: readonly string[];
  /** The `sub` that a pairwise client shall see. */
  readonly forceSubjectIdentifier?: string;
  readonly identityProviderSessionId?: string;
  /** Travels to the consent app, as it is. */
  readonly context?: unknown;
};

/** The app refuses; the client is told so (RFC 6749 section 4.1.2.1). */
export type Rejection = {
  readonly kind: 'rejected';
  readonly error: string;
  readonly description: string;
  readonly hint: string;
  /** For the log alone. */
  readonly debug: string;
  readonly statusCode: number;
};

/** Who logged in, when the consent app is asked. `authTime` in seconds since the epoch. */
export type ConsentFacts = {
  /** The user need not be asked: the client is trusted, or what is asked for was granted before. */
  readonly skip: boolean;
  readonly subject: string;
  readonly sid: string;
  readonly authTime: number;
  readonly acr?: string;
  readonly amr?: readonly string[];
  readonly context?: unknown;
  readonly forceSubjectIdentifier?: string;
  /** Names the consent once it is given. */
  readonly consentRequestId: string;
  /** The remembered consent that covers the request. */
  readonly consentId?: string;
};

/** What the user granted, as the consent app says; never more than was asked for. */
export type AcceptedConsent = {
  readonly kind: 'accepted';
  readonly scopes: readonly string[];
  readonly audience: readonly string[];
  readonly accessTokenExtra: JsonObject;
  readonly idTokenExtra: JsonObject;
  readonly remember: boolean;
  /** Seconds; 0: without end. */
  readonly rememberFor: number;
  readonly context?: unknown;
  /** Level L2, which has no login of its own: who logged in. */
  readonly subject?: string;
};

/** All that is known of a pending request beside its parameters. A member is there once its step was taken. */
export type Interaction = {
  readonly flow: Exclude<LoginConsentFlow, 'jwt'>;
  readonly login?: LoginFacts;
  readonly loginDecision?: AcceptedLogin | Rejection;
  readonly consent?: ConsentFacts;
  readonly consentDecision?: AcceptedConsent | Rejection;
};

/** An interaction with where it stands. `stageAt`: when it got there, milliseconds since the epoch, database clock. */
export type StagedInteraction = {
  readonly stage: InteractionStage;
  readonly stageAt: number;
  readonly state: Interaction;
};
