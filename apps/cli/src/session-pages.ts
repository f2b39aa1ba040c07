import type { CommandCall } from './command.js';
import { nextPageToken } from './page-link.js';

const pageSize = '500';

/** All login sessions or consents that a query finds, page by page; a dry run shows the first request. */
export async function readSessions(
  call: CommandCall,
  kind: 'login' | 'consent',
  query: Readonly<Record<string, string>>,
): Promise<readonly unknown[]> {
  const api = await call.api();
  const found: unknown[] = [];
  let token = '';
  do {
    const { value, headers } = await api.getWithHeaders({
      failure: kind === 'login' ? 'Could not list login sessions' : 'Could not list consents',
      path: sessionsPath(kind),
      query: { ...query, page_size: pageSize, ...(token !== '' ? { page_token: token } : {}) },
    });
    if (Array.isArray(value)) found.push(...(value as readonly unknown[]));
    token = nextPageToken(headers);
  } while (token !== '');
  return found;
}

/** Where the admin API has them. */
export function sessionsPath(kind: 'login' | 'consent'): readonly string[] {
  return ['admin', 'oauth2', 'auth', 'sessions', kind];
}
