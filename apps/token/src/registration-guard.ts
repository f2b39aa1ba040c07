import { coversScope, type RegistrationTools } from '@castellan/oauth2';
import type { RpcClient, wardenV1 } from '@castellan/rpc';

const neededScope = 'hydra.clients';

/**
 * Asks the Warden whether the subject of an access token may register clients: action `register` on `<prefix>:clients`,
 * and the scope `hydra.clients`. An outage of the Warden is a fault.
 */
export function createRegistrationGuard(
  warden: RpcClient<typeof wardenV1.WardenService>,
  resourceNamePrefix: string,
): RegistrationTools['mayRegister'] {
  return async ({ subject, scopes }) => {
    if (!scopes.some((scope) => coversScope(scope, neededScope))) return false;
    const { allowed } = await warden.check({
      subject,
      resource: `${resourceNamePrefix}:clients`,
      action: 'register',
      context: undefined,
      anonymous: false,
    });
    return allowed;
  };
}
