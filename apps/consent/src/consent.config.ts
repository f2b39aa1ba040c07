import { z } from 'zod';
import type { UpstreamProvider } from './connectors/upstream-connector.js';

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
  /** How long a login, and a decision, is remembered where people want that; seconds. Default: 30 and 90 days. */
  readonly rememberLoginSeconds?: number;
  readonly rememberConsentSeconds?: number;
  /** Whether pages, texts and styles are read again for every page. */
  readonly reload?: boolean;
  /** Another OpenID provider that people may sign in with. */
  readonly upstream?: UpstreamProvider & { readonly caFile?: string };
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

/** Without TLS only on this machine. */
const upstreamUrl = z
  .url({ protocol: /^https?$/, error: 'must be an https URL' })
  .refine(
    (url) => url.startsWith('https:') || /^(localhost|127\.0\.0\.1|\[::1\])$/.test(new URL(url).hostname),
    'must be an https URL',
  );

const seconds = z.coerce
  .number({ error: 'must be a number of seconds' })
  .int()
  .min(60)
  .max(400 * 24 * 60 * 60);

const flag = z.enum(['0', '1', 'true', 'false'], { error: 'must be 1 or 0' }).default('0');

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
  CONSENT_READ_CLIENTS: flag,
  CONSENT_REMEMBER_LOGIN: seconds.optional(),
  CONSENT_REMEMBER_CONSENT: seconds.optional(),
  CONSENT_RELOAD: flag,
  CONSENT_TRUSTED_PROXIES: z.string().default(''),
  USERS_FILE: z.string().optional(),
  UPSTREAM_ISSUER: upstreamUrl.optional(),
  UPSTREAM_CLIENT_ID: z.string().optional(),
  UPSTREAM_CLIENT_SECRET: z.string().optional(),
  UPSTREAM_NAME: z.string().max(60).optional(),
  UPSTREAM_SCOPE: z.string().default('openid profile email'),
  UPSTREAM_CA_FILE: z.string().optional(),
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
    readClients: isOn(data.CONSENT_READ_CLIENTS),
    trustedProxies: data.CONSENT_TRUSTED_PROXIES.split(',')
      .map((entry) => entry.trim())
      .filter((entry) => entry !== ''),
    ...(data.HYDRA_CA_FILE !== undefined ? { caFile: data.HYDRA_CA_FILE } : {}),
    ...(data.CONSENT_SESSION_SECRET !== undefined ? { sessionSecret: data.CONSENT_SESSION_SECRET } : {}),
    ...(data.CONSENT_PUBLIC_URL !== undefined ? { publicUrl: data.CONSENT_PUBLIC_URL } : {}),
    ...(data.USERS_FILE !== undefined ? { usersFile: data.USERS_FILE } : {}),
    ...(data.CONSENT_REMEMBER_LOGIN !== undefined ? { rememberLoginSeconds: data.CONSENT_REMEMBER_LOGIN } : {}),
    ...(data.CONSENT_REMEMBER_CONSENT !== undefined ? { rememberConsentSeconds: data.CONSENT_REMEMBER_CONSENT } : {}),
    ...(isOn(data.CONSENT_RELOAD) ? { reload: true } : {}),
    ...upstreamOf(data),
  };
}

function upstreamOf(data: z.infer<typeof consentVariables>): Pick<ConsentConfig, 'upstream'> {
  const { UPSTREAM_ISSUER: issuer, UPSTREAM_CLIENT_ID: clientId, UPSTREAM_CLIENT_SECRET: clientSecret } = data;
  if (issuer === undefined) return {};
  if (clientId === undefined || clientSecret === undefined) {
    throw new ConsentConfigError('UPSTREAM_ISSUER needs UPSTREAM_CLIENT_ID and UPSTREAM_CLIENT_SECRET');
  }
  const { UPSTREAM_NAME: label = new URL(issuer).host, UPSTREAM_SCOPE: scope, UPSTREAM_CA_FILE: caFile } = data;
  return { upstream: { issuer, clientId, clientSecret, label, scope, ...(caFile !== undefined ? { caFile } : {}) } };
}

function isOn(value: z.infer<typeof flag>): boolean {
  return value === '1' || value === 'true';
}

function describe(issue: { path: PropertyKey[]; message: string }, given: Record<string, unknown>): string {
  const name = String(issue.path[0]);
  return `${name} ${name in given ? issue.message : 'is not set'}`;
}
