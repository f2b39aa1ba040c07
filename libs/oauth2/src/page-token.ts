import { OAuth2Error } from './errors.js';
import type { JsonSeal } from './interaction/json-seal.js';

/** Tokens that stand for a place in a list. Nobody but this server can make, read or change one. */
export type PageTokens = {
  /** A token for the place `position` of the list that `list` names: what is listed, its filters, and who reads it. */
  seal(position: string, list: string): string;
  /** The place. Throws `invalid_request` for a token that was made up, has ended, or is of another list. */
  open(token: string, list: string): string;
};

const lifetimeMs = 24 * 3_600_000;
const longest = 2_048;

/** Page tokens that are bound to their list and live for a day. `now` is the database clock in milliseconds. */
export function createPageTokens(options: { readonly seal: JsonSeal; readonly now: () => number }): PageTokens {
  const { seal, now } = options;
  return {
    seal: (position, list) => seal.seal([position, now() + lifetimeMs], rowOf(list)),
    open(token, list) {
      const opened = token.length > longest ? undefined : seal.open(token, rowOf(list));
      const [position, endsAt] = Array.isArray(opened) ? (opened as unknown[]) : [];
      if (typeof position === 'string' && typeof endsAt === 'number' && endsAt > now()) return position;
      throw new OAuth2Error('invalid_request', 'page_token is not one of this list, or has ended: begin without one');
    },
  };
}

function rowOf(list: string): string {
  return `page-token/${list}`;
}
