import { RpcError, type keysV1, type RpcClient, type tokenV1 } from '@castellan/rpc';

import type { AccessFacts } from './access-questions.js';

export type AccessFactSources = {
  readonly clients: Pick<RpcClient<typeof tokenV1.ClientsService>, 'getClient'>;
  readonly keys: Pick<RpcClient<typeof keysV1.KeysService>, 'nameKeySet' | 'nameKey'>;
};

/** Reads the facts that access questions need from the services that own them. */
export function createAccessFacts({ clients, keys }: AccessFactSources): AccessFacts {
  return {
    async ownerOf(clientId) {
      const found = await unlessAbsent(clients.getClient({ id: clientId }));
      return found?.client?.owner ?? '';
    },
    async keyNamesOf(set) {
      return (await keys.nameKeySet({ set })).resourceNames;
    },
    async keyNameOf(set, keyId) {
      const { resourceName: read, storedName: stored } = await keys.nameKey({ set, keyId });
      return { read, stored };
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
