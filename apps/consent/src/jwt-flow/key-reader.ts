import type { TokenSource } from '@castellan/sdk/login-consent';
import type { JWK } from 'jose';
import { z } from 'zod';
import { badGateway, Failure } from '../failure.js';
import type { HttpClient } from '../http-client.js';

/** What the JWT flow reads of the authorization server: two keys, and the name of a client where it may be read. */
export type KeyReader = {
  /** The first key that the server answers for set and key ID. Rejects with a Failure that can be shown. */
  getKey(set: string, keyId: string): Promise<JWK>;
  /** The client's display name; undefined when it has none or may not be read. */
  getClientName(clientId: string): Promise<string | undefined>;
};

type Options = {
  readonly adminUrl: string;
  readonly clientId: string;
  readonly tokens: TokenSource;
  readonly readClients: boolean;
  readonly http: HttpClient;
  readonly warn: (message: string, fields: Record<string, string | number>) => void;
};

const keySet = z.object({ keys: z.array(z.object({ kty: z.string() }).loose()).min(1) });
const clientResponse = z.object({ client_name: z.string().optional() });

/** Reads with the access tokens of this app's client. */
export function createKeyReader({ adminUrl, clientId, tokens, readClients, http, warn }: Options): KeyReader {
  async function get(path: string): Promise<Response> {
    const attempt = async (): Promise<Response> => {
      const authorization = `Bearer ${await tokens.get()}`;
      return http.fetch(adminUrl + path, { headers: { authorization } }).catch((cause: unknown) => {
        throw badGateway('unreachable', {}, cause);
      });
    };
    const response = await attempt();
    if (response.status !== 401) return response;
    // The token may have been revoked, or its key may be gone: one new one, then the answer stands.
    tokens.forget();
    return attempt();
  }

  return {
    async getKey(set, keyId) {
      const response = await get(`/keys/${encodeURIComponent(set)}/${encodeURIComponent(keyId)}`);
      if (response.status === 401 || response.status === 403) throw missingPolicy(clientId, set, keyId);
      const keys = response.status === 200 ? keySet.safeParse(await response.json().catch(() => undefined)) : undefined;
      const key = keys?.data?.keys[0];
      if (key !== undefined) return key;
      throw badGateway('keyNotAvailable', { key: `${set}/${keyId}`, status: String(response.status) });
    },

    async getClientName(id) {
      if (!readClients) return undefined;
      try {
        const response = await get(`/clients/${encodeURIComponent(id)}`);
        if (response.status === 200) return clientResponse.safeParse(await response.json()).data?.client_name;
        warn('client name not readable', { status: response.status });
        return undefined;
      } catch {
        // A name is an ornament: the page is right without it.
        return undefined;
      }
    },
  };
}

function missingPolicy(clientId: string, set: string, keyId: string): Failure {
  return new Failure({
    status: 403,
    key: 'missingPolicy',
    facts: [
      ['subject', clientId],
      ['action', 'get'],
      ['resource', `rn:hydra:keys:${set}:${keyId}`],
      ['scope', 'hydra.keys.get'],
    ],
  });
}
