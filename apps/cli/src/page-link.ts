import type { HttpAnswer } from './http-client.js';

/** The token of the next page in an answer's Link header (RFC 8288); empty when there is none. */
export function nextPageToken(headers: HttpAnswer['headers']): string {
  const links = [headers['link'] ?? []].flat().join(', ');
  const target = /<([^>]*)>\s*;\s*rel="?next"?/.exec(links)?.[1] ?? '';
  return new URLSearchParams(target.split('?')[1] ?? '').get('page_token') ?? '';
}
