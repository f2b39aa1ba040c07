import type { Client } from '../client.js';
import type { ParameterMap } from '../parameters.js';

/**
 * The parameters of a request, with what its client registered as defaults where they are absent (OpenID Connect Dynamic
 * Client Registration 1.0 section 2). They travel to the login app like parameters that were sent.
 */
export function withClientDefaults(parameters: ParameterMap, { openid }: Client): ParameterMap {
  const { defaultMaxAge, defaultAcrValues } = openid ?? {};
  const defaults = new Map<string, string>();
  if (defaultMaxAge !== undefined) defaults.set('max_age', String(defaultMaxAge));
  if (defaultAcrValues !== undefined) defaults.set('acr_values', defaultAcrValues.join(' '));
  return defaults.size === 0
    ? parameters
    : new Map([...parameters, ...[...defaults].filter(([name]) => !parameters.has(name))]);
}
