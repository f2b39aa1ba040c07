import { keysV1, type RpcClient, type tokenV1 } from '@castellan/rpc';
import type { ReadinessCheck } from '@castellan/service';

/** The services that the gateway stands on; each is asked something small. */
export function createReadinessChecks(
  tokens: RpcClient<typeof tokenV1.TokensService>,
  signing: RpcClient<typeof keysV1.SigningService>,
): readonly ReadinessCheck[] {
  return [
    { name: 'gateway: token', check: () => tokens.getMetadata({}) },
    {
      name: 'gateway: keys',
      check: () => signing.getVerificationKeys({ purpose: keysV1.Purpose.PURPOSE_ID_TOKEN }),
    },
  ];
}
