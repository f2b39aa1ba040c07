import type { AuthenticationRequest } from './authentication-request.js';
import type { Authentication } from './connectors/connector.js';
import type { Client } from './pages/page-data.js';
import type { KnownUser } from './session/known-user.js';
import type { Session } from './session/session.js';

/** What somebody signs in for, whichever way the authorization server asks. */
export type LoginPurpose = {
  /** What the form is bound to: the challenge; empty where there is none. */
  readonly about: string;
  /** Query of the form's action, and of every URL that comes back here. */
  readonly query: string;
  /** Names the request in the app's session. */
  readonly challengeId?: string;
  readonly client?: Client;
  readonly request: AuthenticationRequest;
  /** Where the browser may be sent by this form in the end; absent where it stays here. */
  readonly redirectUris?: readonly string[];
  readonly mayRemember: boolean;
  /** How to give up: by a link, or by the form. */
  readonly cancelUrl?: string;
  readonly cancel?: () => Promise<string>;
  /** Says who signed in; the URL to go on to. */
  complete(login: CompletedLogin): Promise<string>;
};

export type CompletedLogin = {
  readonly authentication: Authentication;
  readonly remember: boolean;
  /** Names the browser (see Session). */
  readonly browser: string;
};

/** What the browser brings along. */
export type BrowserState = { readonly session: Session; readonly known: KnownUser | undefined };

/** A login to ask for, or one that is answered already. */
export type LoginArrival =
  { readonly kind: 'ask'; readonly purpose: LoginPurpose } | { readonly kind: 'answered'; readonly redirectTo: string };
