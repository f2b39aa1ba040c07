import { RpcError, type keysV1, type RpcClient, type tokenV1 } from '@castellan/rpc';

import type { AccessFacts } from './access-questions.js';

export type AccessFactSources = {
  readonly clients: Pick<RpcClient<typeof tokenV1.ClientsService>, 'getClient'>;
  readonly keys: Pick<RpcClient<typeof keysV1.KeysService>, 'getKeySet' | 'getKey'>;
};

/** Reads the facts that access questions need from the services that own them. */
export function createAccessFacts({ clients, keys }: AccessFactSources): AccessFacts {
  return {
    async ownerOf(clientId) {
      const found = await unlessAbsent(clients.getClient({ id: clientId }));
      return found?.client?.owner ?? '';
    },
    async keysOf(set) {
      return (await unlessAbsent(keys.getKeySet({ set })))?.keys ?? [];
    },
    async keyOf(set, keyId) {
      const key = (await unlessAbsent(keys.getKey({ set, keyId })))?.key;
      return key !== undefined ? [key] : [];
    },
    async keyNameOf(set, keyId) {
      try {
        const found = await unlessAbsent(keys.getKey({ set, keyId }));
        return found?.key?.resourceName;
      } catch (error) {
        // The key manager gives the private parts of its own signing sets to nobody (rulings 23), but they exist.
        if (error instanceof RpcError && error.code === 'PERMISSION_DENIED') {
          return keyId.startsWith('private:') ? keyId : 'private';
        }
        throw error;
      }
    },
  };
}

/** The answer, or `undefined` when the object does not exist; every other refusal and every outage passes. */
export async function unlessAbsent<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof RpcError && error.code === 'NOT_FOUND') {
      return undefined;
    }
    throw error;
  }
}
