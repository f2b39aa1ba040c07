import { booleanSchema, readConfig, urlSchema } from '@castellan/service';
import { z } from 'zod';

export type GatewayConfig = {
  /** The consent app; without it our own page at `/oauth2/consent` says that it is missing. */
  readonly consentUrl?: string;
  /** Whether anybody may read the OpenAPI document at `/openapi.json`. */
  readonly openapi?: boolean;
};

/** The variables of the gateway. */
export const gatewayVariables = z.object({
  CONSENT_URL: urlSchema.optional(),
  URLS_CONSENT: urlSchema.optional(),
  PUBLIC_OPENAPI: booleanSchema.default(false),
});

/**
 * Reads the configuration of the gateway. Address, TLS and CORS are the HTTP edge's (`readHttpConfig`); issuer and
 * lifetimes are the token service's.
 * @throws ConfigError naming every variable that cannot be used
 */
export function readGatewayConfig(env: NodeJS.ProcessEnv): GatewayConfig {
  const values = readConfig(gatewayVariables, env);
  const consentUrl = values.CONSENT_URL ?? values.URLS_CONSENT;
  return { ...(consentUrl !== undefined ? { consentUrl } : {}), openapi: values.PUBLIC_OPENAPI };
}
