/** A person as this app knows them. */
export type User = {
  /** What the authorization server calls `sub`; never changes. */
  readonly subject: string;
  readonly name: string;
  readonly nickname: string;
  readonly email: string;
  readonly emailVerified: boolean;
};

/** That somebody has just proved who they are, and how. */
export type Authentication = {
  readonly user: User;
  /** Authentication context class, and methods of RFC 8176: what the ID token says of this login. */
  readonly acr?: string;
  readonly amr: readonly string[];
};

/** What the authorization request asks of a login (OpenID Connect Core section 3.1.2.1). */
export type LoginHints = {
  readonly loginHint?: string;
  readonly acrValues: readonly string[];
  readonly languages: readonly string[];
  readonly display?: string;
  readonly prompts: readonly string[];
  readonly maxAgeSeconds?: number;
};

/**
 * Where users come from. There are two kinds, and an app may have one of each; a directory or a database takes the place
 * of the user file by implementing the first.
 */
export type Connector = PasswordConnector | RedirectConnector;

/** Checks logins and passwords that this app asks for. */
export interface PasswordConnector {
  readonly kind: 'password';
  /** The user whose login and password these are; undefined otherwise, after the same time either way. */
  authenticate(login: string, password: string): Promise<Authentication | undefined>;
  /** The user of a subject; undefined when there is none (any more). */
  find(subject: string): Promise<User | undefined>;
}

/** Sends people elsewhere to sign in, and believes what they come back with. It knows nobody in between. */
export interface RedirectConnector {
  readonly kind: 'redirect';
  /** What the button says: the name of the place that people are sent to. */
  readonly label: string;
  /** The URL to go to, and what has to be kept (sealed, in the browser) until the answer comes. */
  begin(hints: LoginHints, callbackUrl: string): Promise<{ readonly url: string; readonly kept: KeptState }>;
  /** Verifies the answer. Rejects with AuthenticationRefused when there is none that can be believed. */
  finish(answerUrl: URL, kept: KeptState): Promise<Authentication>;
  /** Whether a subject is one that this connector makes. */
  isOwn(subject: string): boolean;
}

/** What binds the answer to the question: nobody else's answer fits. */
export type KeptState = {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
  /** Seconds; the login that answers may not be older. */
  readonly maxAge?: number;
};

/** Nobody was signed in there: refused, cancelled, or an answer that does not fit. */
export class AuthenticationRefused extends Error {
  override readonly name = 'AuthenticationRefused';
}
