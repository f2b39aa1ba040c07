import { OAuth2Error } from './errors.js';

const grants = ['authorization_code', 'implicit', 'client_credentials', 'refresh_token'] as const;
const tokens = ['access_token', 'id_token', 'refresh_token'] as const;

/** How a token was bought. */
export type GrantKind = (typeof grants)[number];

/** Names a lifetime by grant and token, in the words that Hydra uses for clients. */
export type LifespanName = `${GrantKind}_grant_${(typeof tokens)[number]}_lifespan`;

/** Lifetimes that differ from the general ones, in milliseconds. */
export type Lifespans = { readonly [name in LifespanName]?: number };

/** What no grant issues has no lifetime. */
const impossible: ReadonlySet<string> = new Set([
  'implicit_grant_refresh_token_lifespan',
  'client_credentials_grant_id_token_lifespan',
  'client_credentials_grant_refresh_token_lifespan',
]);

/** The names of lifetimes that can be set. */
export const lifespanNames: readonly LifespanName[] = grants
  .flatMap((grant) => tokens.map((token) => `${grant}_grant_${token}_lifespan` as const))
  .filter((name) => !impossible.has(name));

const shortestMs = 1_000;
const longestMs = 315_360_000_000;

/** Reads lifetimes by their names, in milliseconds. Throws `invalid_client_metadata`. */
export function readLifespans(given: Readonly<Record<string, number>>): Lifespans {
  const read: { [name in LifespanName]?: number } = {};
  for (const [text, milliseconds] of Object.entries(given)) {
    const name = lifespanNames.find((known) => known === text);
    if (name === undefined) {
      throw new OAuth2Error('invalid_client_metadata', `lifespans: known are ${lifespanNames.join(', ')}`);
    }
    if (!Number.isSafeInteger(milliseconds) || milliseconds < shortestMs || milliseconds > longestMs) {
      throw new OAuth2Error('invalid_client_metadata', `lifespans: ${name} must be 1s to 87600h`);
    }
    read[name] = milliseconds;
  }
  return read;
}
