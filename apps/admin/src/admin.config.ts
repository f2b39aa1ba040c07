import { readConfig } from '@castellan/service';
import { z } from 'zod';

import { parseRootCredentials, type RootCredentials } from './root-client.js';

export type AdminConfig = {
  /** What the resource names of the admin API begin with. */
  readonly resourceNamePrefix: string;
  /** URL under which callers reach the admin API, for its AuthZEN metadata; absent: no metadata. */
  readonly accessUrl?: string;
  /** Credentials of the root client that the operator chose. */
  readonly rootCredentials?: RootCredentials;
};

/** The variables of the admin API. */
export const adminVariables = z.object({
  RESOURCE_NAME_PREFIX: z
    .string()
    .regex(/^[A-Za-z0-9._~-]+(?::[A-Za-z0-9._~-]+)*$/, 'must be plain words joined by colons, such as rn:hydra')
    .default('rn:hydra'),
  ACCESS_URL: z
    .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
    .refine((url) => !/[?#@]/.test(url), 'must have neither a query nor a fragment nor credentials')
    .optional(),
  FORCE_ROOT_CLIENT_CREDENTIALS: z.string().optional(),
});

/**
 * Reads the configuration of the admin API.
 * @throws ConfigError naming every variable that cannot be used, never a secret
 */
export function readAdminConfig(env: NodeJS.ProcessEnv): AdminConfig {
  const variables = readConfig(adminVariables, env);
  const forced = variables.FORCE_ROOT_CLIENT_CREDENTIALS;
  return {
    resourceNamePrefix: variables.RESOURCE_NAME_PREFIX,
    ...(variables.ACCESS_URL !== undefined ? { accessUrl: variables.ACCESS_URL } : {}),
    ...(forced !== undefined ? { rootCredentials: parseRootCredentials(forced) } : {}),
  };
}
