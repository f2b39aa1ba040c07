import { randomUUID } from 'node:crypto';
import type { Issuance, IssuanceGuard } from '@castellan/oauth2';
import type { RpcClient, wardenV1 } from '@castellan/rpc';
import type { Logger } from '@castellan/service';

const action = 'oauth2:issue';

/**
 * Asks the Warden about each scope (`rn:castellan:scope:<scope>`) and each audience (`rn:castellan:audience:<uri>`) of an
 * access token: may the client do `oauth2:issue` on it? Context: `client`, `subject`, `grant` and, at the token endpoint,
 * `ip`. An outage of the Warden is a fault.
 */
export function createIssuanceGuard(
  warden: Pick<RpcClient<typeof wardenV1.WardenService>, 'check'>,
  logger: Logger,
): IssuanceGuard {
  async function ask(issuance: Issuance, resource: string) {
    const { clientId, subject, grant, remoteAddress: ip } = issuance;
    const context = { client: clientId, subject, grant, ...(ip !== undefined ? { ip } : {}) };
    return warden.check({ subject: clientId, resource, action, context, anonymous: false });
  }

  async function denied(issuance: Issuance, kind: 'scope' | 'audience', names: readonly string[]) {
    const answers = await Promise.all(names.map((name) => ask(issuance, `rn:castellan:${kind}:${name}`)));
    return {
      names: names.filter((_, index) => answers[index]?.allowed !== true),
      revisions: answers.map(({ revision }) => revision),
    };
  }

  return async (issuance) => {
    const [scopes, audience] = await Promise.all([
      denied(issuance, 'scope', issuance.scopes),
      denied(issuance, 'audience', issuance.audience),
    ]);
    // Of answers at several revisions the oldest is what can be vouched for.
    const decision = { id: randomUUID(), revision: Math.min(...scopes.revisions, ...audience.revisions) };
    logger.info('Issuance decided', {
      decision_id: decision.id,
      revision: decision.revision,
      client: issuance.clientId,
      grant: issuance.grant,
      denied: [...scopes.names, ...audience.names].join(' '),
    });
    return { deniedScopes: scopes.names, deniedAudience: audience.names, decision };
  };
}
