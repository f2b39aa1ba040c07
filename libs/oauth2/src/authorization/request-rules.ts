import type { Client } from '../client.js';

/** What the client's registration and the server's configuration say about authorization requests. */
export type RequestRules = {
  readonly client: Client;
  /** Shortest `state`; 0 makes it optional. */
  readonly stateMinLength: number;
  /** PKCE is demanded of every client. */
  readonly requirePkce: boolean;
  /** `narrow`: scopes that the client may not ask for are left out; absent or `strict`: they are refused. */
  readonly scopePolicy?: 'strict' | 'narrow';
};
