/** What an outbound request got: never a redirect, never more than the limit. */
export type FetchedDocument = {
  readonly status: number;
  /** Media type without parameters, in lower case; empty when absent. */
  readonly mediaType: string;
  readonly body: string;
};

/**
 * Fetches a document that a client names: its keys, its sector, its request object. Guarded against requests to our own
 * network: https only, public addresses only, bounded in time and size, no redirects.
 */
export interface OutboundFetch {
  /** Throws OutboundError, which tells neither addresses nor causes. */
  (url: string): Promise<FetchedDocument>;
}

/** Posts a form to a client under the same guards. Any status is an answer. */
export interface OutboundPost {
  /** Throws OutboundError when no answer came. */
  (url: string, form: string): Promise<{ readonly status: number }>;
}

/** A document that could not be fetched, for whatever reason: callers outside must not learn which. */
export class OutboundError extends Error {
  override name = 'OutboundError';

  constructor() {
    super('the document could not be fetched');
  }
}

/** Which hosts the operator lets through although they are addresses or local names. */
export type IsAllowedHost = (host: string) => boolean;

const ipLiteral = /^(?:\[.*\]|[0-9.]+|0x[0-9a-f.x]+)$/i;

/**
 * What is wrong with a URL that this server shall fetch, as far as its text says; undefined when nothing is. The address
 * behind its name is judged when it is fetched, for it may change. `isAllowedHost` says which hosts the operator lets
 * through although they are addresses or local names.
 */
export function outboundUrlProblem(text: string, isAllowedHost: IsAllowedHost = () => false): string | undefined {
  if (!URL.canParse(text) || !/^https:\/\/[^/\\@]+(?:\/[^\\#]*)?$/i.test(text)) return 'must be an https URL';
  if (/[^\x21-\x7e]/.test(text)) return 'holds a character that is not allowed';
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') return 'must hold no credentials';
  const host = url.hostname.replace(/\.$/, '').toLowerCase();
  if (isAllowedHost(host)) return undefined;
  if (host === 'localhost' || host.endsWith('.localhost')) return 'must be a public host';
  return ipLiteral.test(host) || !host.includes('.') ? 'must name a host, not an address' : undefined;
}
