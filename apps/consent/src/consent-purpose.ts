import type { AuthenticationRequest } from './authentication-request.js';
import type { User } from './connectors/connector.js';
import type { Client } from './pages/page-data.js';

/** What somebody consents to, whichever way the authorization server asks. */
export type ConsentPurpose = {
  /** What the form is bound to: the challenge. */
  readonly about: string;
  /** Query of the form's action. */
  readonly query: string;
  readonly client: Client;
  readonly clientId: string;
  readonly request: AuthenticationRequest;
  readonly redirectUris: readonly string[];
  readonly scopes: readonly string[];
  /** Claims that are asked for by name and that this app knows. */
  readonly claims: readonly string[];
  readonly audience: readonly string[];
  readonly user: User;
  readonly mayRemember: boolean;
  /** Where somebody else can sign in: a URL, or this app's logout for the challenge. */
  readonly notYou?: { readonly url: string } | { readonly challenge: string };
  allow(decision: ConsentDecision): Promise<string>;
  deny(): Promise<string>;
};

/** What was allowed; values beyond what was asked for are ignored. */
export type ConsentDecision = {
  readonly scopes: readonly string[];
  readonly claims: readonly string[];
  readonly remember: boolean;
};

/** A decision to ask for, one that is made already, or somebody who has to sign in first. */
export type ConsentArrival =
  | { readonly kind: 'ask'; readonly purpose: ConsentPurpose }
  | { readonly kind: 'answered'; readonly redirectTo: string };
