import type { Client } from '../client.js';
import { OAuth2Error } from '../errors.js';
import type { ParameterMap } from '../parameters.js';
import { type ResourceServer, type ResourceServerStore, resourceUriProblem } from '../resource-server.js';
import { coversScope } from '../scope.js';
import type { Mint } from './mint.js';

const maxResources = 10;

/** Whether the request parameter `audience` of Hydra is read, or is one that the server does not know, as Hydra 0.9 did. */
export const audienceParameters = ['read', 'ignore'] as const;
export type AudienceParameter = (typeof audienceParameters)[number];

/** Scopes that speak to this server; no resource server lists them. */
const ownScopes: ReadonlySet<string> = new Set(['openid', 'offline', 'offline_access']);

/** What a token is for: the scopes that it may hold there, and the mint that makes it. */
export type Target = {
  readonly scopes: readonly string[];
  readonly mint: Mint;
  /** What of the audience no resource server has, and was allowed to have none. */
  readonly unregistered: readonly string[];
};

/** What is granted so far, and which of its audience needs no resource server. */
type Granted = Omit<Target, 'unregistered'> & { readonly unregistered?: readonly string[] | undefined };

/** The parameters of a request as the server reads them. */
export function withAudience(parameters: ParameterMap, rule: AudienceParameter = 'read'): ParameterMap {
  if (rule === 'read') return parameters;
  return new Map([...parameters].filter(([name]) => name !== 'audience'));
}

/** What a request says that its tokens are for, each once: `resource` (RFC 8707 section 2), and `audience` as Hydra has it. */
export function namedResources(parameters: {
  readonly resource?: string | undefined;
  readonly audience?: string | undefined;
}): readonly string[] {
  return [...new Set([...words(parameters.resource), ...words(parameters.audience)])];
}

/**
 * What a request names by `audience` alone: for Hydra an audience is a word of the client's registration, so that no
 * resource server has to have it. Where one has, its rules hold.
 */
export function namedAudience(parameters: ParameterMap): readonly string[] {
  const resources = words(parameters.get('resource'));
  return words(parameters.get('audience')).filter((entry) => !resources.includes(entry));
}

/**
 * The resources that a request names, each once. Throws `invalid_target` for a `resource` that is no resource indicator
 * (an `audience` may be any word, as Hydra has it), and for what the client is not registered for.
 */
export function readResources(parameters: ParameterMap, client: Client): readonly string[] {
  for (const indicator of namedResources({ resource: parameters.get('resource') })) {
    const problem = resourceUriProblem(indicator);
    if (problem !== undefined) throw new OAuth2Error('invalid_target', `the resource ${problem}`);
  }
  const resources = namedResources({ resource: parameters.get('resource'), audience: parameters.get('audience') });
  if (resources.length > maxResources) throw new OAuth2Error('invalid_target', 'too many resources');
  return registered(resources, client);
}

function registered(resources: readonly string[], { tokens }: Client): readonly string[] {
  if (resources.every((resource) => tokens?.audience?.includes(resource))) return resources;
  throw new OAuth2Error('invalid_target', 'the client is not registered for the resource');
}

function words(text: string | undefined): readonly string[] {
  return (text ?? '').split(' ').filter((word) => word !== '');
}

/**
 * The audience of an access token: the granted one, narrowed to the resources that the request names (RFC 8707
 * section 2.2). Throws `invalid_target` for a resource that was not granted, or that the client lost since.
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
  return registered(resources.length === 0 ? granted : resources, client);
}

/**
 * Whether an access token is meant for the server that issued it: it was asked for no resource, or for the issuer among
 * others. One for other resources is in their hands, and opens nothing here (RFC 9068 section 4).
 */
export function isForIssuer(audience: readonly string[], issuer: string): boolean {
  return audience.length === 0 || audience.includes(issuer);
}

/**
 * What tokens for an audience are like: no longer-lived than each of its resource servers allows, in their format when
 * they agree on one (else opaque, which all of them can introspect), with the scopes that one of them knows. An audience
 * that may be unregistered is like a resource server without rules. Throws `invalid_target` when a resource server is not
 * registered (any more).
 */
export async function aimAt(
  audience: readonly string[],
  { scopes, mint, unregistered: mayBeUnregistered = [] }: Granted,
  servers: Pick<ResourceServerStore, 'find'>,
): Promise<Target> {
  if (audience.length === 0) return { scopes, mint, unregistered: [] };
  const known = await servers.find(audience);
  const unregistered = audience.filter((uri) => !known.some((server) => server.uri === uri));
  if (!unregistered.every((uri) => mayBeUnregistered.includes(uri))) {
    throw new OAuth2Error('invalid_target', 'the resource is not registered');
  }
  const found: readonly ResourceServer[] = [
    ...known,
    ...unregistered.map((uri) => ({ id: uri, uri, name: '', scopes: [] })),
  ];
  const formats = new Set(found.map((server) => server.accessTokenFormat ?? mint.accessTokenFormat ?? 'opaque'));
  const [format] = formats;
  const lifetimes = found.map((server) => server.accessTokenLifetimeMs ?? Infinity);
  return {
    scopes: scopes.filter((scope) => isKnown(scope, found)),
    unregistered,
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
