import type { Client } from '../client.js';
import { OAuth2Error } from '../errors.js';
import { validateLogoutRegistration } from '../logout/logout-registration.js';
import { type IsAllowedHost, OutboundError, type OutboundFetch, outboundUrlProblem } from '../outbound.js';

/** What is asked to check a registration against this server and the network. */
export type OpenIdCheckTools = {
  /** Algorithms of the keys that sign ID tokens and userinfo now. */
  readonly signingAlgorithms: () => Promise<readonly string[]>;
  /** Algorithms of request objects, `none` among them where unsigned ones are accepted. */
  readonly requestObjectAlgorithms: readonly string[];
  readonly fetch: OutboundFetch;
  /** Hosts that may be reached although they are addresses or local names. */
  readonly isAllowedHost: IsAllowedHost;
};

/**
 * Checks that this server can sign as the client registers, that the sector identifier URI lists each redirection URI of
 * it (OpenID Connect Dynamic Client Registration 1.0 section 5), and what it registers about logout.
 *
 * @throws OAuth2Error `invalid_client_metadata`
 */
export async function checkOpenIdRegistration(client: Client, tools: OpenIdCheckTools): Promise<void> {
  validateLogoutRegistration(client, tools.isAllowedHost);
  const { openid, redirectUris } = client;
  if (openid === undefined) return;
  await checkAlgorithms(
    {
      id_token_signed_response_alg: openid.idTokenSignedResponseAlg,
      userinfo_signed_response_alg: openid.userinfoSignedResponseAlg,
    },
    tools,
  );
  const objectAlgorithm = openid.requestObjectSigningAlg;
  if (objectAlgorithm !== undefined && !tools.requestObjectAlgorithms.includes(objectAlgorithm)) {
    throw invalid(`request_object_signing_alg must be one of ${tools.requestObjectAlgorithms.join(', ')}`);
  }
  if (openid.sectorIdentifierUri !== undefined) await checkSector(openid.sectorIdentifierUri, redirectUris, tools);
}

async function checkAlgorithms(
  members: { readonly [member: string]: string | undefined },
  { signingAlgorithms }: OpenIdCheckTools,
): Promise<void> {
  for (const [member, algorithm] of Object.entries(members)) {
    if (algorithm === undefined) continue;
    const known = await signingAlgorithms();
    if (!known.includes(algorithm)) throw invalid(`${member} must be one of ${[...new Set(known)].join(', ')}`);
  }
}

async function checkSector(
  uri: string,
  redirectUris: readonly string[],
  { fetch, isAllowedHost }: OpenIdCheckTools,
): Promise<void> {
  const problem = outboundUrlProblem(uri, isAllowedHost);
  if (problem !== undefined) throw invalid(`sector_identifier_uri ${problem}`);
  const listed = await fetchList(uri, fetch);
  if (listed === undefined) throw invalid('sector_identifier_uri must answer a JSON array of redirection URIs');
  if (!redirectUris.every((redirectUri) => listed.includes(redirectUri))) {
    throw invalid('sector_identifier_uri must list each of the redirect_uris');
  }
}

async function fetchList(uri: string, fetch: OutboundFetch): Promise<readonly unknown[] | undefined> {
  try {
    const { status, body } = await fetch(uri);
    const list: unknown = status === 200 ? JSON.parse(body) : undefined;
    return Array.isArray(list) ? list : undefined;
  } catch (cause) {
    if (cause instanceof OutboundError || cause instanceof SyntaxError) return undefined;
    throw cause;
  }
}

function invalid(hint: string): OAuth2Error {
  return new OAuth2Error('invalid_client_metadata', hint);
}
