import type { JWK } from 'jose';
import { z } from 'zod';
import { badGateway, Failure } from './failure.js';
import type { HttpClient, HttpResponse } from './http-client.js';

/** The authorization server as this app uses it: two keys, and the name of a client where it may be read. */
export type AuthorizationServer = {
  /** The first key that the server answers for set and key ID. Rejects with a Failure that can be shown. */
  getKey(set: string, keyId: string): Promise<JWK>;
  /** The client's display name; undefined when it has none or may not be read. */
  getClientName(clientId: string): Promise<string | undefined>;
};

type Options = {
  readonly serverUrl: string;
  readonly adminUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly readClients: boolean;
  readonly http: HttpClient;
  readonly now: () => number;
  readonly warn: (message: string, fields: Record<string, string | number>) => void;
};

const tokenResponse = z.object({ access_token: z.string().min(1), expires_in: z.number() });
const keySet = z.object({ keys: z.array(z.object({ kty: z.string() }).loose()).min(1) });
const clientResponse = z.object({ client_name: z.string().optional() });

/** A token is given up this long before it expires, so that it does not expire on the way. */
const EXPIRY_MARGIN_MS = 10_000;

/** Connects to an authorization server with client credentials; the access token is kept until it expires. */
export function connectAuthorizationServer(options: Options): AuthorizationServer {
  const { adminUrl, clientId, now, warn } = options;
  let current: Promise<{ value: string; expiresAt: number }> | undefined;

  async function accessToken(): Promise<string> {
    if (current !== undefined) {
      const token = await current.catch(() => undefined);
      if (token !== undefined && token.expiresAt > now()) return token.value;
    }
    current = requestAccessToken(options);
    current.catch(() => (current = undefined));
    return (await current).value;
  }

  async function get(path: string): Promise<HttpResponse> {
    const attempt = async (): Promise<HttpResponse> =>
      send(options, {
        method: 'GET',
        url: adminUrl + path,
        headers: { authorization: `Bearer ${await accessToken()}` },
      });
    const response = await attempt();
    if (response.status !== 401) return response;
    // The token may have been revoked, or its key may be gone: one new one, then the answer stands.
    current = undefined;
    return attempt();
  }

  return {
    async getKey(set, keyId) {
      const response = await get(`/keys/${encodeURIComponent(set)}/${encodeURIComponent(keyId)}`);
      if (response.status === 401 || response.status === 403) throw missingPolicy(clientId, set, keyId);
      if (response.status !== 200) {
        throw badGateway(
          'Key not available',
          `The authorization server answered ${response.status} for the key “${set}/${keyId}”.`,
        );
      }
      const keys = keySet.safeParse(parseJson(response.body));
      const key = keys.data?.keys[0];
      if (key === undefined)
        throw badGateway(
          'Key not readable',
          `The authorization server's answer for “${set}/${keyId}” is not a key set.`,
        );
      return key;
    },

    async getClientName(id) {
      if (!options.readClients) return undefined;
      try {
        const response = await get(`/clients/${encodeURIComponent(id)}`);
        if (response.status !== 200) {
          warn('client name not readable', { status: response.status });
          return undefined;
        }
        return clientResponse.safeParse(parseJson(response.body)).data?.client_name;
      } catch {
        // A name is an ornament: the page is right without it.
        return undefined;
      }
    },
  };
}

async function requestAccessToken(options: Options): Promise<{ value: string; expiresAt: number }> {
  const scope = options.readClients ? 'hydra.keys.get hydra.clients' : 'hydra.keys.get';
  const response = await send(options, {
    method: 'POST',
    url: `${options.serverUrl}/oauth2/token`,
    headers: {
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded',
      authorization: `Basic ${basicCredentials(options.clientId, options.clientSecret)}`,
    },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope }).toString(),
  });
  if (response.status === 200) {
    const token = tokenResponse.safeParse(parseJson(response.body));
    if (!token.success)
      throw badGateway('Unexpected answer', 'The token endpoint answered something other than a token response.');
    return {
      value: token.data.access_token,
      expiresAt: options.now() + token.data.expires_in * 1000 - EXPIRY_MARGIN_MS,
    };
  }
  if (response.status === 401) {
    throw badGateway(
      'Credentials refused',
      `The authorization server does not accept the credentials of client “${options.clientId}”. Check HYDRA_CLIENT_ID and HYDRA_CLIENT_SECRET.`,
    );
  }
  throw badGateway(
    'No access token',
    `The authorization server answered ${response.status} to the request for an access token with scope “${scope}”. Client “${options.clientId}” needs that scope and the grant type client_credentials.`,
  );
}

async function send(options: Options, request: Parameters<HttpClient['send']>[0]): Promise<HttpResponse> {
  try {
    return await options.http.send(request);
  } catch (cause) {
    throw badGateway(
      'Authorization server not reachable',
      'The authorization server did not answer. Please try again in a moment.',
      cause,
    );
  }
}

/** RFC 6749 section 2.3.1: both halves are form-encoded before they are joined. */
function basicCredentials(id: string, secret: string): string {
  const encode = (text: string): string => new URLSearchParams({ v: text }).toString().slice(2);
  return Buffer.from(`${encode(id)}:${encode(secret)}`).toString('base64');
}

function missingPolicy(clientId: string, set: string, keyId: string): Failure {
  return new Failure({
    status: 403,
    title: 'A policy is missing',
    message: `The authorization server refused the key “${set}/${keyId}” to this app.`,
    advice: 'An administrator has to add a policy with the effect “allow”. The client also needs the scope.',
    facts: [
      ['Subject', clientId],
      ['Action', 'get'],
      ['Resource', `rn:hydra:keys:${set}:${keyId}`],
      ['Scope', 'hydra.keys.get'],
    ],
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
