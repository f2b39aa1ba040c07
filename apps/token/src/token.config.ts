import { isIP } from 'node:net';
import {
  type AssertionAudience,
  type AccessTokenFormat,
  type AudienceParameter,
  accessTokenFormats,
  audienceParameters,
  defaultLifetimes,
  lifespanNames,
  type Lifespans,
  type LoginConsentFlow,
  type Lifetimes,
  readLifespans,
  type RegistrationAccess,
  reservedAccessTokenClaims,
  signedAtMostMs,
} from '@castellan/oauth2';
import { isPlaintextRemote, refusedDatabaseUrl } from '@castellan/postgres';
import {
  booleanSchema,
  ConfigError,
  durationSchema,
  integerSchema,
  readConfig,
  Secret,
  urlSchema,
} from '@castellan/service';
import { z } from 'zod';
import type { GuardedFetchOptions } from './guarded-fetch.js';
import { serverProfileNames, withServerProfile } from './server-profile.js';

/** Configuration of the token service. */
export type TokenConfig = {
  readonly databaseUrl: string;
  /** Issuer identifier (RFC 8414 section 2), one trailing slash removed. */
  readonly issuer: string;
  /** Where the login and consent app lives. */
  readonly consentUrl: string;
  /** Where the login app lives, in the challenge flow. */
  readonly loginUrl?: string;
  /** Where errors that no client may be told go. */
  readonly errorUrl?: string;
  /** How the apps are spoken to where a client registered nothing else. */
  readonly loginConsentFlow: LoginConsentFlow;
  /** The longest that a login session lives, in milliseconds. */
  readonly loginSessionMs: number;
  /** Keys of token texts, cookies and verifiers are derived from it; it is itself derived from the system secret. */
  readonly secret: Secret;
  /** Keys the flow cookies instead of `secret` where given. */
  readonly cookieSecret?: Secret;
  /** Keys pairwise subject identifiers instead of `secret` where given; they change with it. */
  readonly pairwiseSecret?: Secret;
  readonly lifetimes: Lifetimes;
  /** Nothing signed lives longer, in milliseconds, unless the general lifetime is longer; the key manager is told the same. */
  readonly signedAtMostMs: number;
  /** Lifetimes of single grants; they precede the general ones. */
  readonly lifespans: Lifespans;
  /** `policy`: the Warden decides about each scope and audience of a token; `open`: registration and consent do. */
  readonly issuanceAccess: 'open' | 'policy';
  /** How long an authenticated client may be given the answer to a refresh again; 0: never (rulings 35). */
  readonly refreshGraceMs: number;
  /** Format of access tokens for clients that registered none. */
  readonly accessTokenFormat: AccessTokenFormat;
  /** Members of `at_ext` that stand in JWT access tokens beside `ext`. */
  readonly topLevelClaims: readonly string[];
  /** Shortest `state`; 0 makes it optional. */
  readonly stateMinLength: number;
  /** PKCE is demanded of every client. */
  readonly requirePkce: boolean;
  /** `narrow`: authorization requests lose the scopes that their client may not ask for, instead of being refused. */
  readonly scopePolicy: 'strict' | 'narrow';
  readonly audienceParameter: AudienceParameter;
  readonly clientSecretMinLength: number;
  readonly assertionAudience: AssertionAudience;
  /** Limits of requests to URLs that clients registered. */
  readonly outbound: GuardedFetchOptions;
  /** `policy`: the Warden decides who may introspect; `open`: every authenticated caller may (rulings 33). */
  readonly introspectionAccess: 'open' | 'policy';
  readonly legacyErrorRedirect: boolean;
  /** Prefix of the resource names that policies use. */
  readonly resourceNamePrefix: string;
  /** Undecided authorization requests that one client may have at a time. */
  readonly pendingRequestsPerClient: number;
  /** The same for one address. */
  readonly pendingRequestsPerAddress: number;
  /** Clients registered for unsigned request objects may send them by reference. */
  readonly unsignedRequestObjects: boolean;
  /** Who may register clients (RFC 7591), and the scopes that such clients may have. */
  readonly registration: { readonly access: RegistrationAccess; readonly scopes: readonly string[] };
  /** Where the app lives that asks users whether to log out; absent: our own page does. */
  readonly logoutUrl?: string;
  /** Where a browser ends after a logout when no client may say where. */
  readonly postLogoutUrl: string;
  /** How long a logout is brought to a client that does not take it, in milliseconds. */
  readonly logoutDeliveryDeadlineMs: number;
  /** One line each, for the log at start. */
  readonly warnings: readonly string[];
};

// Whole seconds at least, ten years at most.
const lifespan = durationSchema
  .refine((ms) => ms >= 1_000 && ms <= 315_360_000_000, 'must be a duration from 1s to 87600h')
  .transform(Math.round);

const listSchema = z.string().transform((text) =>
  text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== ''),
);

/** The variables of the token service. */
export const tokenVariables = z.object({
  TOKEN_DATABASE_URL: z.string().optional(),
  DATABASE_URL: z.string().optional(),
  ISSUER: urlSchema,
  CONSENT_URL: urlSchema.optional(),
  LOGIN_URL: urlSchema.optional(),
  ERROR_URL: urlSchema.optional(),
  LOGIN_CONSENT_FLOW: z
    .enum(['jwt', 'consent-request', 'challenge'], 'must be jwt, consent-request or challenge')
    .optional(),
  LOGIN_SESSION_LIFESPAN: lifespan.default(30 * 86_400_000),
  URLS_LOGIN: urlSchema.optional(),
  URLS_CONSENT: urlSchema.optional(),
  URLS_ERROR: urlSchema.optional(),
  URLS_LOGOUT: urlSchema.optional(),
  URLS_POST_LOGOUT_REDIRECT: urlSchema.optional(),
  TOKEN_SECRET: z.string().min(16, 'must have at least 16 characters'),
  COOKIE_SECRET: z.string().min(16, 'must have at least 16 characters').optional(),
  PAIRWISE_SECRET: z.string().min(16, 'must have at least 16 characters').optional(),
  SERVER_PROFILE: z.enum(serverProfileNames, `must be ${serverProfileNames.join(' or ')}`).default('strict'),
  UNSIGNED_REQUEST_OBJECTS: booleanSchema.default(false),
  DYNAMIC_REGISTRATION: z
    .enum(['off', 'initial-token', 'policy'], 'must be off, initial-token or policy')
    .default('off'),
  DYNAMIC_REGISTRATION_SCOPES: z
    .string()
    .regex(/^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/, 'must be scopes separated by single blanks')
    .default('openid offline offline_access profile email address phone'),
  ACCESS_TOKEN_LIFESPAN: lifespan.default(defaultLifetimes.accessTokenMs),
  ID_TOKEN_LIFESPAN: lifespan.default(defaultLifetimes.idTokenMs),
  SIGNED_TOKEN_MAX_LIFESPAN: lifespan.default(signedAtMostMs),
  AUTH_CODE_LIFESPAN: lifespan.default(defaultLifetimes.authorizationCodeMs),
  CHALLENGE_TOKEN_LIFESPAN: lifespan.default(defaultLifetimes.challengeMs),
  REFRESH_TOKEN_IDLE_LIFESPAN: lifespan.default(defaultLifetimes.refreshTokenIdleMs),
  REFRESH_TOKEN_LIFESPAN: lifespan.default(defaultLifetimes.refreshTokenMs),
  REFRESH_TOKEN_GRACE: durationSchema.refine((ms) => ms <= 60_000, 'must be a duration from 0s to 1m').default(10_000),
  GRANT_LIFESPANS: listSchema.default([]),
  ACCESS_TOKEN_FORMAT: z.enum(accessTokenFormats, `must be ${accessTokenFormats.join(' or ')}`).default('opaque'),
  ACCESS_TOKEN_TOP_LEVEL_CLAIMS: listSchema
    .refine((names) => names.every((name) => !reservedAccessTokenClaims.has(name)), 'must hold no claim of the server')
    .default([]),
  STATE_MIN_LENGTH: integerSchema.refine((length) => length <= 128, 'must be at most 128').default(0),
  REQUIRE_PKCE: booleanSchema.default(false),
  AUDIENCE_PARAMETER: z.enum(audienceParameters, 'must be read or ignore').default('read'),
  SCOPE_POLICY: z.enum(['strict', 'narrow'], 'must be strict or narrow').default('strict'),
  CLIENT_SECRET_MIN_LENGTH: integerSchema
    .refine((length) => length >= 6 && length <= 128, 'must be 6 to 128')
    .default(6),
  CLIENT_ASSERTION_AUDIENCE: z
    .enum(['issuer', 'issuer-or-token-url'], 'must be issuer or issuer-or-token-url')
    .default('issuer'),
  OUTBOUND_ALLOWED_NETWORKS: listSchema
    .refine((networks) => networks.every(isNetwork), 'must be networks such as 10.0.0.0/8')
    .default([]),
  OUTBOUND_ALLOWED_PORTS: listSchema
    .refine((ports) => ports.every(isPort), 'must be ports such as 443,8443')
    .default(['443']),
  ISSUANCE_ACCESS: z.enum(['open', 'policy'], 'must be open or policy').default('open'),
  INTROSPECTION_ACCESS: z.enum(['open', 'policy'], 'must be open or policy').default('open'),
  LEGACY_ERROR_REDIRECT: booleanSchema.default(false),
  RESOURCE_NAME_PREFIX: z.string().default('rn:hydra'),
  LOGOUT_URL: urlSchema.optional(),
  POST_LOGOUT_REDIRECT_URL: urlSchema.optional(),
  LOGOUT_DELIVERY_DEADLINE: durationSchema
    .refine((ms) => ms >= 1_000 && ms <= 2_592_000_000, 'must be a duration from 1s to 720h')
    .default(86_400_000),
  PENDING_REQUESTS_PER_CLIENT: integerSchema.refine((count) => count > 0, 'must be at least 1').default(10_000),
  PENDING_REQUESTS_PER_ADDRESS: integerSchema.refine((count) => count > 0, 'must be at least 1').default(1_000),
  BCRYPT_COST: z.string().optional(),
  CASTELLAN_ENV: z.string().optional(),
});

/**
 * Reads the configuration; durations are Go's (`1h30m`). Throws ConfigError that names every variable that cannot be
 * used and shows no value.
 */
export function readTokenConfig(env: NodeJS.ProcessEnv): TokenConfig {
  const values = readConfig(tokenVariables, withServerProfile(env));
  const databaseUrl = values.TOKEN_DATABASE_URL ?? values.DATABASE_URL ?? '';
  const issuer = values.ISSUER.replace(/\/$/, '');
  const logoutUrl = values.LOGOUT_URL ?? values.URLS_LOGOUT;
  const problems = [
    ...problemsOfDatabaseUrl(databaseUrl, values.CASTELLAN_ENV === 'production'),
    ...problemsOfIssuer(issuer),
    ...problemsOfApps(values),
    ...(logoutUrl?.includes('#') ? ['LOGOUT_URL: must have no fragment'] : []),
  ];
  if (problems.length > 0) throw new ConfigError(problems);
  const { consentUrl, loginUrl, errorUrl } = appUrls(values);
  return {
    databaseUrl,
    issuer,
    // The page that says what is missing.
    consentUrl: consentUrl ?? `${issuer}/oauth2/consent`,
    ...(loginUrl !== undefined ? { loginUrl } : {}),
    ...(errorUrl !== undefined ? { errorUrl } : {}),
    loginConsentFlow: values.LOGIN_CONSENT_FLOW ?? (loginUrl === undefined ? 'jwt' : 'challenge'),
    loginSessionMs: values.LOGIN_SESSION_LIFESPAN,
    secret: new Secret(values.TOKEN_SECRET),
    ...(values.COOKIE_SECRET !== undefined ? { cookieSecret: new Secret(values.COOKIE_SECRET) } : {}),
    ...(values.PAIRWISE_SECRET !== undefined ? { pairwiseSecret: new Secret(values.PAIRWISE_SECRET) } : {}),
    lifetimes: {
      accessTokenMs: values.ACCESS_TOKEN_LIFESPAN,
      idTokenMs: values.ID_TOKEN_LIFESPAN,
      authorizationCodeMs: values.AUTH_CODE_LIFESPAN,
      challengeMs: values.CHALLENGE_TOKEN_LIFESPAN,
      refreshTokenIdleMs: values.REFRESH_TOKEN_IDLE_LIFESPAN,
      refreshTokenMs: values.REFRESH_TOKEN_LIFESPAN,
    },
    signedAtMostMs: values.SIGNED_TOKEN_MAX_LIFESPAN,
    lifespans: readGrantLifespans(values.GRANT_LIFESPANS),
    issuanceAccess: values.ISSUANCE_ACCESS,
    refreshGraceMs: values.REFRESH_TOKEN_GRACE,
    accessTokenFormat: values.ACCESS_TOKEN_FORMAT,
    topLevelClaims: values.ACCESS_TOKEN_TOP_LEVEL_CLAIMS,
    stateMinLength: values.STATE_MIN_LENGTH,
    requirePkce: values.REQUIRE_PKCE,
    scopePolicy: values.SCOPE_POLICY,
    audienceParameter: values.AUDIENCE_PARAMETER,
    clientSecretMinLength: values.CLIENT_SECRET_MIN_LENGTH,
    assertionAudience: values.CLIENT_ASSERTION_AUDIENCE,
    outbound: {
      allowedNetworks: values.OUTBOUND_ALLOWED_NETWORKS,
      allowedPorts: values.OUTBOUND_ALLOWED_PORTS.map(Number),
    },
    introspectionAccess: values.INTROSPECTION_ACCESS,
    legacyErrorRedirect: values.LEGACY_ERROR_REDIRECT,
    unsignedRequestObjects: values.UNSIGNED_REQUEST_OBJECTS,
    registration: { access: values.DYNAMIC_REGISTRATION, scopes: values.DYNAMIC_REGISTRATION_SCOPES.split(' ') },
    resourceNamePrefix: values.RESOURCE_NAME_PREFIX,
    pendingRequestsPerClient: values.PENDING_REQUESTS_PER_CLIENT,
    pendingRequestsPerAddress: values.PENDING_REQUESTS_PER_ADDRESS,
    ...(logoutUrl !== undefined ? { logoutUrl } : {}),
    postLogoutUrl:
      values.POST_LOGOUT_REDIRECT_URL ?? values.URLS_POST_LOGOUT_REDIRECT ?? `${issuer}/oauth2/sessions/logout/done`,
    logoutDeliveryDeadlineMs: values.LOGOUT_DELIVERY_DEADLINE,
    warnings: [
      ...(values.BCRYPT_COST !== undefined
        ? ['BCRYPT_COST has no effect: client secrets are hashed with argon2id']
        : []),
      ...(consentUrl === undefined ? ['CONSENT_URL is not set: nobody can log in'] : []),
    ],
  };
}

type AppUrls = {
  readonly [name in `${'LOGIN' | 'CONSENT' | 'ERROR'}_URL` | `URLS_${'LOGIN' | 'CONSENT' | 'ERROR'}`]?:
    string | undefined;
};

/** Where the apps are; the names of Hydra 1 and later count where ours are not set. */
function appUrls(values: AppUrls) {
  return {
    consentUrl: values.CONSENT_URL ?? values.URLS_CONSENT,
    loginUrl: values.LOGIN_URL ?? values.URLS_LOGIN,
    errorUrl: values.ERROR_URL ?? values.URLS_ERROR,
  };
}

function problemsOfApps(values: AppUrls & { readonly LOGIN_CONSENT_FLOW?: LoginConsentFlow | undefined }) {
  const { consentUrl, loginUrl, errorUrl } = appUrls(values);
  const named = { CONSENT_URL: consentUrl, LOGIN_URL: loginUrl, ERROR_URL: errorUrl };
  const needsLogin = values.LOGIN_CONSENT_FLOW === 'challenge' && loginUrl === undefined;
  return [
    ...Object.entries(named).flatMap(([name, url]) => (url?.includes('#') ? [`${name}: must have no fragment`] : [])),
    ...(loginUrl !== undefined && consentUrl === undefined ? ['CONSENT_URL: is required with LOGIN_URL'] : []),
    ...(needsLogin ? ['LOGIN_URL: is required for the challenge flow'] : []),
  ];
}

function isNetwork(text: string): boolean {
  const [address = '', prefix = '', ...rest] = text.split('/');
  const bits = isIP(address) === 6 ? 128 : 32;
  return rest.length === 0 && isIP(address) !== 0 && /^[0-9]{1,3}$/.test(prefix) && Number(prefix) <= bits;
}

function isPort(text: string): boolean {
  return /^[0-9]{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535;
}

/** Entries such as `refresh_token_grant_access_token_lifespan=5m`. */
function readGrantLifespans(entries: readonly string[]): Lifespans {
  try {
    return readLifespans(
      Object.fromEntries(
        entries.map((entry) => {
          const [name = '', duration = ''] = entry.split('=');
          return [name, durationSchema.parse(duration)];
        }),
      ),
    );
  } catch {
    throw new ConfigError([`GRANT_LIFESPANS: must be entries such as ${lifespanNames[0]}=15m, separated by commas`]);
  }
}

function problemsOfDatabaseUrl(url: string, production: boolean): readonly string[] {
  if (url === '') return ['TOKEN_DATABASE_URL or DATABASE_URL: is required'];
  const refused = refusedDatabaseUrl(url);
  if (refused !== undefined) return [refused];
  return production && isPlaintextRemote(url)
    ? ['DATABASE_URL: leaves this machine without TLS; use sslmode=verify-full in production']
    : [];
}

/** RFC 8414 section 2: no query, no fragment. */
function problemsOfIssuer(issuer: string): readonly string[] {
  return /[?#]/.test(issuer) ? ['ISSUER: must have neither query nor fragment'] : [];
}
