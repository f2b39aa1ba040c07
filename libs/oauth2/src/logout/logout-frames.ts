import type { ClientStore } from '../client-store.js';
import type { SessionClient } from '../interaction/login-session-store.js';

const maxFrames = 50;

/**
 * What the browser loads in frames when a session ended (OpenID Connect Front-Channel Logout 1.0 section 2): the URI of each
 * client that got tokens in it and registered one, with issuer and session. Clients that are gone are not asked for.
 */
export async function logoutFrames(
  clients: readonly SessionClient[],
  { clients: store, issuer }: { readonly clients: Pick<ClientStore, 'find'>; readonly issuer: string },
): Promise<readonly string[]> {
  const stored = await Promise.all(clients.map(async (each) => ({ ...each, stored: await store.find(each.clientId) })));
  return stored
    .flatMap(({ sid, clientUid, stored: found }) => {
      const uri = found?.uid === clientUid ? found.client.logout?.frontchannelLogoutUri : undefined;
      return uri === undefined ? [] : [frameUrl(uri, { iss: issuer, sid })];
    })
    .slice(0, maxFrames);
}

function frameUrl(uri: string, query: Readonly<Record<string, string>>): string {
  const added = new URLSearchParams(query).toString();
  return `${uri}${uri.includes('?') ? '&' : '?'}${added}`;
}
