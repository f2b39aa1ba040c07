import type { Permission } from './scopes.js';

/** What each page shows. Everything here is escaped by the templates. */
export type PageData = {
  readonly welcome: {
    readonly serverUrl: string;
    readonly user: Person | undefined;
    readonly formToken: string;
    readonly demo: boolean;
  };
  readonly login: {
    /** Query of the form's action. */
    readonly query: string;
    readonly formToken: string;
    readonly client: Client | undefined;
    readonly cancel: { readonly url: string } | 'button' | undefined;
    readonly login: string;
    /** Whether the client wants a login although there is one. */
    readonly again: boolean;
    readonly password: boolean;
    readonly upstream: string | undefined;
    readonly mayRemember: boolean;
    readonly remember: boolean;
    readonly error: string | undefined;
    readonly demo: boolean;
  };
  readonly consent: {
    readonly query: string;
    readonly formToken: string;
    readonly client: Client;
    readonly returnsTo: string | undefined;
    readonly scopes: readonly Permission[];
    readonly claims: readonly Permission[];
    readonly audience: readonly string[];
    readonly user: Person;
    readonly notYou: { readonly url: string } | { readonly formToken: string; readonly challenge: string } | undefined;
    readonly mayRemember: boolean;
  };
  readonly logout: {
    readonly query: string;
    readonly formToken: string;
    readonly client: Client | undefined;
    readonly user: Person | undefined;
  };
  readonly notice: {
    readonly title: string;
    readonly text: string;
    readonly detail: string | undefined;
    readonly action: { readonly url: string; readonly label: string } | undefined;
  };
  readonly account: {
    readonly user: Person;
    readonly notice: string | undefined;
    /** Undefined where the authorization server does not say. */
    readonly grants: readonly Grant[] | undefined;
    readonly sessions: readonly LoginSessionLine[] | undefined;
    /** Queries of this page in which one list goes on. */
    readonly more: { readonly grants: string | undefined; readonly sessions: string | undefined };
    /** Which of the lists do not begin here. */
    readonly later: { readonly grants: boolean; readonly sessions: boolean };
    readonly tokens: { readonly grants: string; readonly sessions: string; readonly logout: string };
  };
  readonly message: {
    readonly title: string;
    readonly message: string;
    readonly code: string | undefined;
    readonly advice: string | undefined;
    readonly facts: readonly (readonly [name: string, value: string])[];
  };
};

export type Person = { readonly name: string; readonly email: string };

/** A client as pages show it. Its logo is a file of this app: nothing is loaded from elsewhere. */
export type Client = {
  readonly id: string;
  readonly name: string | undefined;
  readonly logo?: string;
  readonly website?: string;
  readonly policy?: string;
  readonly terms?: string;
};

export type Grant = {
  readonly client: Client;
  /** As the form sends it back. */
  readonly clientId: string;
  readonly scopes: readonly Permission[];
  readonly since: Date | undefined;
};

export type LoginSessionLine = {
  readonly id: string;
  readonly since: Date | undefined;
  readonly until: Date | undefined;
};
