import type { Client } from '../client.js';
import { OAuth2Error } from '../errors.js';
import type { ParameterMap } from '../parameters.js';
import { type ResourceServer, type ResourceServerStore, resourceUriProblem } from '../resource-server.js';
import { coversScope } from '../scope.js';
import type { Mint } from './mint.js';

const maxResources = 10;
/** Scopes that speak to this server; no resource server lists them. */
const ownScopes: ReadonlySet<string> = new Set(['openid', 'offline', 'offline_access']);

/** What a token is for: the scopes that it may hold there, and the mint that makes it. */
export type Target = { readonly scopes: readonly string[]; readonly mint: Mint };

/**
 * The resources that a request names (RFC 8707 section 2), each once. Throws `invalid_target` for what is no resource
 * indicator, and for what the client is not registered for.
 */
export function readResources(parameters: ParameterMap, client: Client): readonly string[] {
  const resources = [...new Set((parameters.get('resource') ?? '').split(' ').filter((entry) => entry !== ''))];
  if (resources.length > maxResources) throw new OAuth2Error('invalid_target', 'too many resources');
  for (const resource of resources) {
    const problem = resourceUriProblem(resource);
    if (problem !== undefined) throw new OAuth2Error('invalid_target', `the resource ${problem}`);
    if (client.tokens?.audience?.includes(resource) !== true) {
      throw new OAuth2Error('invalid_target', 'the client is not registered for the resource');
    }
  }
  return resources;
}

/**
 * The audience of an access token: the granted one, narrowed to the resources that the request names (RFC 8707
 * section 2.2). Throws `invalid_target` for a resource that was not granted.
 */
export function narrowAudience(
  granted: readonly string[],
  parameters: ParameterMap,
  client: Client,
): readonly string[] {
  const resources = readResources(parameters, client);
  if (!resources.every((resource) => granted.includes(resource))) {
    throw new OAuth2Error('invalid_target', 'the resource was not granted');
  }
  return resources.length === 0 ? granted : resources;
}

/**
 * What tokens for an audience are like: no longer-lived than each of its resource servers allows, in their format when
 * they agree on one (else opaque, which all of them can introspect), with the scopes that one of them knows. Throws
 * `invalid_target` when a resource server is not registered (any more).
 */
export async function aimAt(
  audience: readonly string[],
  granted: { readonly scopes: readonly string[]; readonly mint: Mint },
  servers: Pick<ResourceServerStore, 'find'>,
): Promise<Target> {
  if (audience.length === 0) return granted;
  const found = await servers.find(audience);
  if (!audience.every((uri) => found.some((server) => server.uri === uri))) {
    throw new OAuth2Error('invalid_target', 'the resource is not registered');
  }
  const { mint, scopes } = granted;
  const formats = new Set(found.map((server) => server.accessTokenFormat ?? mint.accessTokenFormat ?? 'opaque'));
  const [format] = formats;
  const lifetimes = found.map((server) => server.accessTokenLifetimeMs ?? Infinity);
  return {
    scopes: scopes.filter((scope) => isKnown(scope, found)),
    mint: {
      ...mint,
      accessTokenFormat: formats.size === 1 && format !== undefined ? format : 'opaque',
      lifetimes: { ...mint.lifetimes, accessTokenMs: Math.min(mint.lifetimes.accessTokenMs, ...lifetimes) },
    },
  };
}

function isKnown(scope: string, servers: readonly ResourceServer[]): boolean {
  if (ownScopes.has(scope)) return true;
  return servers.some(({ scopes }) => scopes.length === 0 || scopes.some((known) => coversScope(known, scope)));
}
