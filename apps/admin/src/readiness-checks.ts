import { RpcError, type keysV1, type RpcClient, type tokenV1, type wardenV1 } from '@castellan/rpc';
import type { ReadinessCheck } from '@castellan/service';

/** The services that the admin API stands on; each is asked something small. */
export function createReadinessChecks(
  clients: RpcClient<typeof tokenV1.ClientsService>,
  policies: RpcClient<typeof wardenV1.PoliciesService>,
  keys: RpcClient<typeof keysV1.KeysService>,
): readonly ReadinessCheck[] {
  return [
    { name: 'admin: token', check: () => clients.listClients({ limit: 1, after: '' }) },
    { name: 'admin: warden', check: () => policies.listPolicies({ limit: 1, offset: 0 }) },
    { name: 'admin: keys', check: () => answered(keys.getKey({ set: 'hydra.openid.id-token', keyId: 'public' })) },
  ];
}

/** A key that is not there yet is an answer all the same. */
async function answered(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof RpcError) || error.code !== 'NOT_FOUND') {
      throw error;
    }
  }
}
