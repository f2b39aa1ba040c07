import { z } from 'zod';

/** What the consent app needs to know; times in milliseconds, URLs without a trailing slash. */
export type ConsentConfig = {
  readonly port: number;
  readonly host: string;
  /** Base URL of the token endpoint, as this app reaches it (which may differ from the issuer's name). */
  readonly serverUrl: string;
  /** Base URL of the admin API, which serves the keys. */
  readonly adminUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** PEM file with the certificates to trust instead of the system's. */
  readonly caFile?: string;
  /** Text from which the session and form keys are derived; random per start when absent. */
  readonly sessionSecret?: string;
  /** The URL people see; decides whether cookies are Secure. Default: http://localhost:<port>. */
  readonly publicUrl?: string;
  /** JSON file of users; the demo user when absent. */
  readonly usersFile?: string;
  /** Whether the client's name is read from the server, which takes the scope hydra.clients and a policy. */
  readonly readClients: boolean;
  /** Addresses or networks of proxies whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[];
};

/** Raised when variables are missing or wrong; the message has one line per variable. */
export class ConsentConfigError extends Error {
  override readonly name = 'ConsentConfigError';
}

const httpUrl = z
  .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
  .transform((url) => url.replace(/\/+$/, ''));

const origin = httpUrl.refine((url) => new URL(url).origin === url, 'must be an origin, without a path');

/** The variables of the consent app. */
export const consentVariables = z.object({
  PORT: z.coerce.number({ error: 'must be a port number' }).int().min(0).max(65_535).default(3000),
  HOST: z.string().default('0.0.0.0'),
  HYDRA_URL: httpUrl,
  HYDRA_ADMIN_URL: httpUrl.optional(),
  HYDRA_CLIENT_ID: z.string(),
  HYDRA_CLIENT_SECRET: z.string(),
  HYDRA_CA_FILE: z.string().optional(),
  CONSENT_SESSION_SECRET: z.string().min(16, 'must have at least 16 characters').optional(),
  CONSENT_PUBLIC_URL: origin.optional(),
  CONSENT_READ_CLIENTS: z.enum(['0', '1', 'true', 'false'], { error: 'must be 1 or 0' }).default('0'),
  CONSENT_TRUSTED_PROXIES: z.string().default(''),
  USERS_FILE: z.string().optional(),
});

/**
 * Reads the configuration from environment variables; an empty variable counts as unset.
 * Throws ConsentConfigError that names every variable that is missing or wrong.
 */
export function readConsentConfig(env: NodeJS.ProcessEnv): ConsentConfig {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = consentVariables.safeParse(given);
  if (!parsed.success)
    throw new ConsentConfigError(parsed.error.issues.map((issue) => describe(issue, given)).join('\n'));
  const { data } = parsed;
  return {
    port: data.PORT,
    host: data.HOST,
    serverUrl: data.HYDRA_URL,
    adminUrl: data.HYDRA_ADMIN_URL ?? data.HYDRA_URL,
    clientId: data.HYDRA_CLIENT_ID,
    clientSecret: data.HYDRA_CLIENT_SECRET,
    readClients: data.CONSENT_READ_CLIENTS === '1' || data.CONSENT_READ_CLIENTS === 'true',
    trustedProxies: data.CONSENT_TRUSTED_PROXIES.split(',')
      .map((entry) => entry.trim())
      .filter((entry) => entry !== ''),
    ...(data.HYDRA_CA_FILE !== undefined ? { caFile: data.HYDRA_CA_FILE } : {}),
    ...(data.CONSENT_SESSION_SECRET !== undefined ? { sessionSecret: data.CONSENT_SESSION_SECRET } : {}),
    ...(data.CONSENT_PUBLIC_URL !== undefined ? { publicUrl: data.CONSENT_PUBLIC_URL } : {}),
    ...(data.USERS_FILE !== undefined ? { usersFile: data.USERS_FILE } : {}),
  };
}

function describe(issue: { path: PropertyKey[]; message: string }, given: Record<string, unknown>): string {
  const name = String(issue.path[0]);
  return `${name} ${name in given ? issue.message : 'is not set'}`;
}
