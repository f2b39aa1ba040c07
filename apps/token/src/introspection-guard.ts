import { coversScope, type IntrospectionCaller } from '@castellan/oauth2';
import type { RpcClient, wardenV1 } from '@castellan/rpc';

const neededScope = 'hydra.introspect';

/**
 * Asks the Warden whether a caller may introspect tokens: action `introspect` on `<prefix>:oauth2:tokens`, and for a
 * bearer token the scope `hydra.introspect`, as the original did from 0.10 on. An outage of the Warden is a fault.
 */
export function createIntrospectionGuard(
  warden: RpcClient<typeof wardenV1.WardenService>,
  resourceNamePrefix: string,
): (caller: IntrospectionCaller) => Promise<boolean> {
  return async (caller) => {
    if (caller.kind === 'token' && !caller.scopes.some((scope) => coversScope(scope, neededScope))) return false;
    const { allowed } = await warden.check({
      subject: caller.kind === 'token' ? caller.subject : caller.clientId,
      resource: `${resourceNamePrefix}:oauth2:tokens`,
      action: 'introspect',
      context: undefined,
      anonymous: false,
    });
    return allowed;
  };
}
