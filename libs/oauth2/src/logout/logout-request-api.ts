import type { StoredClient } from '../client-store.js';
import type { LogoutTools } from './end-session.js';
import type { LogoutRequest } from './logout-request-store.js';

/** What the logout app learns of a request. */
export type LogoutQuestion =
  | { readonly kind: 'waits'; readonly request: LogoutRequest; readonly client?: StoredClient }
  /** It was decided; the browser can start anew there. */
  | { readonly kind: 'handled'; readonly redirectTo: string };

type Tools = Pick<LogoutTools, 'requests' | 'challenges' | 'clients' | 'settings'>;

/** The logout request of a challenge; undefined for anything that is none, or is over. */
export async function getLogoutRequest(challenge: string, tools: Tools): Promise<LogoutQuestion | undefined> {
  const request = await findRequest(challenge, tools);
  if (request === undefined) return undefined;
  if (request.stage !== 'asked') return { kind: 'handled', redirectTo: request.requestUrl };
  const client = request.clientId === undefined ? undefined : await tools.clients.find(request.clientId);
  return { kind: 'waits', request, ...(client !== undefined ? { client } : {}) };
}

/** The user wants to log out. Answers where the browser goes on, with the verifier that proves the decision. */
export async function acceptLogoutRequest(
  challenge: string,
  tools: Tools,
): Promise<{ readonly redirectTo: string } | 'decided' | undefined> {
  const request = await findRequest(challenge, tools);
  if (request === undefined) return undefined;
  if ((await tools.requests.decide(request.id, 'accepted')) === 'lost') return 'decided';
  const verifier = tools.challenges.write('logout_verifier', request.id);
  return { redirectTo: `${tools.settings.issuer}/oauth2/sessions/logout?logout_verifier=${verifier}` };
}

/** The user does not want to log out. Where the browser goes is the app's to say. */
export async function rejectLogoutRequest(
  challenge: string,
  tools: Tools,
): Promise<'rejected' | 'decided' | undefined> {
  const request = await findRequest(challenge, tools);
  if (request === undefined) return undefined;
  return (await tools.requests.decide(request.id, 'rejected')) === 'won' ? 'rejected' : 'decided';
}

/** Requests that our own page asks about are none of the app's. */
async function findRequest(challenge: string, { challenges, requests }: Tools): Promise<LogoutRequest | undefined> {
  const id = challenges.read('logout_challenge', challenge);
  const request = id === undefined ? undefined : await requests.find(id);
  return request?.ownPage === false ? request : undefined;
}
