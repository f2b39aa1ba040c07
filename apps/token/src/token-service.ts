import { randomUUID } from 'node:crypto';
import { deriveKey, inUseFirst, keyId, parseSecretList, secretVerifier } from '@castellan/jwk';
import {
  type AuthorizationRequestStore,
  type AuthorizationTools,
  type ClientAuthentication,
  type ClientSecrets,
  type ClientStore,
  type ClientKeys,
  createChallengeText,
  createClientAssertions,
  createClientAuthentication,
  createClientCache,
  createClientKeys,
  createClientSecrets,
  createFlowCookies,
  createSecretUses,
  createSessionCookies,
  createSessionSeal,
  createJsonSeal,
  createPageTokens,
  createSubjectIdentifier,
  createTokenText,
  type ConsentStore,
  type ExplainTools,
  type GrantTools,
  type LoginSessionStore,
  type IntrospectionCaller,
  type IntrospectionTools,
  type Mint,
  type PageTokens,
  type RegistrationTools,
  requestObjectAlgorithms,
  type ResourceServerStore,
  type RevocationTools,
  type UserinfoTools,
} from '@castellan/oauth2';
import {
  claimDerivedSecrets,
  createAssertionStore,
  createAuthorizationRequestStore,
  createClientStore,
  createConsentStore,
  createLoginSessionStore,
  createPartitionKeeper,
  createResourceServerStore,
  createRegistrationStore,
  createSubjectClaimsStore,
  createStatelessTokenStore,
  createTokenInspectionStore,
  createTokenStore,
  type Database,
  openDatabase,
  readClockSkew,
  tokenPartitionedTables,
} from '@castellan/postgres';
import type { keysV1, RpcClient, wardenV1 } from '@castellan/rpc';
import { ConfigError, type Logger, type Metrics, type ReadinessCheck, watchClock } from '@castellan/service';
import { createAddressHash } from './address-hash.js';
import { createAccessTokenSigner } from './access-token-signer.js';
import { createConsentChallengeSigner, createConsentResponseKeys } from './consent-keys.js';
import { createAllowedHosts, createGuardedFetch } from './guarded-fetch.js';
import {
  createIdTokenKeys,
  createIdTokenSigner,
  createUserinfoSigner,
  type PublishedIdTokenSigner,
} from './id-token-signer.js';
import { createIntrospectionGuard } from './introspection-guard.js';
import { createIssuanceGuard } from './issuance-guard.js';
import { startMaintenance } from './maintenance.js';
import { type LogoutService, startLogout } from './logout-service.js';
import { createRandomPool } from './random-pool.js';
import { createRegistrationGuard } from './registration-guard.js';
import { createSlowHasher } from './slow-hasher.js';
import { countBurns, watchSecretUses, watchTokenDatabase } from './token-metrics.js';
import type { TokenConfig } from './token.config.js';

const randomBytes = createRandomPool();

/** What the endpoints beside the authorization endpoint work with. */
type EndpointTools = GrantTools &
  IntrospectionTools &
  RevocationTools & {
    readonly clients: ClientAuthentication;
    readonly mayIntrospect?: (caller: IntrospectionCaller) => Promise<boolean>;
  };

/** The token service behind its rpcs: everything wired, the database open. */
export type TokenService = {
  readonly issuer: string;
  readonly clientStore: ClientStore;
  readonly resourceServers: ResourceServerStore;
  readonly pageTokens: PageTokens;
  readonly secrets: ClientSecrets;
  readonly endpoint: EndpointTools;
  readonly authorization: AuthorizationTools;
  readonly userinfo: UserinfoTools;
  readonly explanation: ExplainTools;
  readonly registration: RegistrationTools;
  readonly loginSessions: LoginSessionStore;
  readonly consents: ConsentStore;
  readonly idTokenSigner: PublishedIdTokenSigner;
  readonly logout: LogoutService;
  ping(): Promise<void>;
  /** Whether the clock of this process may date tokens. */
  readonly clock: ReadinessCheck;
  close(): Promise<void>;
};

/** Whom the token service calls, its log, and what it counts. */
export type TokenServiceDependencies = {
  readonly signing: RpcClient<typeof keysV1.SigningService>;
  readonly warden: RpcClient<typeof wardenV1.WardenService>;
  readonly logger: Logger;
  readonly metrics: Metrics;
};

/**
 * Opens the database, recognises the secret, makes partitions, and wires the domain with its stores. Throws ConfigError
 * when the database belongs to another secret, DatabaseError when it cannot serve.
 */
export async function openTokenService(
  config: TokenConfig,
  dependencies: TokenServiceDependencies,
): Promise<TokenService> {
  const { logger } = dependencies;
  for (const warning of config.warnings) logger.warn(warning);
  const database = await openDatabase({
    url: config.databaseUrl,
    component: 'token',
    onRetry: (message) => logger.warn(message),
  });
  try {
    const secrets = await requireSecrets(database, config);
    return await wire(database, config, secrets, dependencies);
  } catch (cause) {
    await database.close();
    throw cause;
  }
}

/** The secrets, the one in use first. Throws ConfigError when the database does not know them or needs others. */
async function requireSecrets(database: Database, config: TokenConfig): Promise<readonly [string, ...string[]]> {
  const held = parseSecretList(config.secret.reveal());
  const verifiers = held.map((secret) => secretVerifier(secret, 'token'));
  const claim = await claimDerivedSecrets(database, 'token', verifiers);
  if (claim.kind === 'accepted') return inUseFirst(held, claim.inUse);
  throw new ConfigError(
    'TOKEN_SECRET: is not the secret that this database was set up with (it follows from SYSTEM_SECRET); its tokens and client secrets would be unusable',
  );
}

async function wire(
  database: Database,
  config: TokenConfig,
  serviceSecrets: readonly [string, ...string[]],
  { signing, warden, logger, metrics }: TokenServiceDependencies,
): Promise<TokenService> {
  const { issuer, lifetimes } = config;
  const keeper = createPartitionKeeper(database, tokenPartitionedTables(lifetimes));
  await keeper.makeAhead();
  const clientStore = createClientStore(database);
  const sessions = createSessionSeal({ keys: keysOf(serviceSecrets, 'grant-session/v1'), randomBytes });
  const store = countBurns(createTokenStore(database, keeper, sessions), metrics);
  const statelessTokens = createStatelessTokenStore(database, keeper, sessions);
  watchTokenDatabase(metrics, database, keeper);
  watchSecretUses(metrics, database);
  const seal = createJsonSeal({ keys: keysOf(serviceSecrets, 'interaction/v1'), randomBytes });
  const requests: AuthorizationRequestStore = createAuthorizationRequestStore(
    database,
    keeper,
    sessions,
    seal,
    config.logoutDeliveryDeadlineMs,
  );
  const consents = createConsentStore(database, seal);
  const mint: Mint = {
    tokenText: createTokenText({
      keys: keysOf(serviceSecrets, 'token-mac/v1'),
      issuer,
      randomBytes,
    }),
    lifetimes,
    now: () => store.now(),
    randomBytes,
    lifespans: config.lifespans,
    accessTokenFormat: config.accessTokenFormat,
    signedAtMostMs: config.signedAtMostMs,
    topLevelClaims: config.topLevelClaims,
  };
  const secrets = createClientSecrets({
    peppers: keysOf(serviceSecrets, 'client-secret-pepper/v1'),
    processKey: randomBytes(32),
    slowHasher: createSlowHasher(),
    randomBytes,
    now: () => performance.now(),
    clock: () => store.now(),
    minLength: config.clientSecretMinLength,
  });
  const idTokenSigner = createIdTokenSigner(signing);
  const resourceServers = createResourceServerStore(database);
  const issuanceGuard = config.issuanceAccess === 'policy' ? createIssuanceGuard(warden, logger) : undefined;
  const accessTokenSigner = createAccessTokenSigner(signing, () => performance.now());
  const subjectIdentifier = createSubjectIdentifier(
    deriveKey((config.pairwiseSecret ?? config.secret).reveal(), 'pairwise-subject/v1'),
  );
  const assertions = createAssertionStore(database);
  const clientKeys: ClientKeys = createClientKeys({
    fetch: createGuardedFetch(config.outbound),
    now: () => performance.now(),
  });
  const pageTokens = createPageTokens({
    seal: createJsonSeal({ keys: keysOf(serviceSecrets, 'page-token/v1'), randomBytes }),
    now: () => store.now(),
  });
  const cookies = flowCookies(config, serviceSecrets, mint);
  const sessionCookies = createSessionCookies({
    keys: keysOf(cookieSecrets(config, serviceSecrets), 'session-cookie/v1'),
    randomBytes,
  });
  const challenges = createChallengeText({ keys: macKeys(serviceSecrets, 'challenge-text/v1') });
  const loginSessions = createLoginSessionStore(database, config.logoutDeliveryDeadlineMs);
  const logout = startLogout({
    ...{ config, database, subjectIdentifier, signing, logger, metrics, challenges, sessionCookies, randomBytes },
    clients: clientStore,
    sessions: loginSessions,
    flows: cookies,
    now: mint.now,
  });
  const maintenance = startMaintenance({
    keeper,
    store,
    requests,
    assertions,
    outbox: logout.outbox,
    logouts: logout.requests,
    loginSessions,
    consents,
    logger,
  });
  return {
    issuer,
    clientStore,
    resourceServers,
    pageTokens,
    secrets,
    idTokenSigner,
    endpoint: {
      issuer,
      store,
      statelessTokens,
      refreshGraceMs: config.refreshGraceMs,
      audienceParameter: config.audienceParameter,
      noteReuse: ({ event, clientId, subject, family }) =>
        logger.warn('A single-use token came again: its grant is revoked', {
          ...{ event, client: clientId, subject, family: `${family.bucket}.${family.id}` },
        }),
      mint,
      tokenText: mint.tokenText,
      idTokenSigner,
      accessTokenSigner,
      resourceServers,
      ...(issuanceGuard !== undefined ? { issuanceGuard } : {}),
      subjectIdentifier,
      clients: createClientAuthentication({
        clients: createClientCache(clientStore),
        secrets,
        assertions: createClientAssertions({
          keys: clientKeys,
          store: assertions,
          issuer,
          audience: config.assertionAudience,
          now: () => store.now(),
        }),
        noteSecretUse: createSecretUses({ store: clientStore, secrets, now: () => store.now() }),
      }),
      ...(config.introspectionAccess === 'policy'
        ? { mayIntrospect: createIntrospectionGuard(warden, config.resourceNamePrefix) }
        : {}),
    },
    authorization: {
      settings: {
        issuer,
        consentUrl: config.consentUrl,
        stateMinLength: config.stateMinLength,
        requirePkce: config.requirePkce,
        scopePolicy: config.scopePolicy,
        audienceParameter: config.audienceParameter,
        legacyErrorRedirect: config.legacyErrorRedirect,
        pendingRequestsPerClient: config.pendingRequestsPerClient,
        pendingRequestsPerAddress: config.pendingRequestsPerAddress,
        flow: config.loginConsentFlow,
        ...(config.loginUrl !== undefined ? { loginUrl: config.loginUrl } : {}),
        ...(config.errorUrl !== undefined ? { errorUrl: config.errorUrl } : {}),
        loginSessionMs: config.loginSessionMs,
      },
      sessions: loginSessions,
      consents,
      sessionCookies,
      challenges,
      hashAddress: createAddressHash(deriveKey(serviceSecrets[0], 'address-hash/v1')),
      clients: clientStore,
      requests,
      mint,
      cookies,
      signChallenge: createConsentChallengeSigner(signing),
      idTokenKeys: createIdTokenKeys(signing),
      requestUris: {
        fetch: createGuardedFetch(config.outbound),
        keys: clientKeys,
        unsigned: config.unsignedRequestObjects,
      },
      responseKeys: createConsentResponseKeys(signing, () => performance.now()),
      idTokenSigner,
      accessTokenSigner,
      resourceServers,
      ...(issuanceGuard !== undefined ? { issuanceGuard } : {}),
      subjectIdentifier,
    },
    loginSessions,
    consents,
    userinfo: {
      issuer,
      store,
      statelessTokens,
      accessTokenSigner,
      tokenText: mint.tokenText,
      clientStore,
      subjectClaims: createSubjectClaimsStore(database, sessions),
      subjectIdentifier,
      signUserinfo: createUserinfoSigner(signing),
    },
    explanation: {
      tokenText: mint.tokenText,
      accessTokenSigner,
      inspection: createTokenInspectionStore(database),
      now: mint.now,
    },
    registration: {
      issuer,
      access: config.registration.access,
      mayRegister: createRegistrationGuard(warden, config.resourceNamePrefix),
      allowedScopes: config.registration.scopes,
      introspection: { issuer, store, statelessTokens, tokenText: mint.tokenText, accessTokenSigner },
      clients: clientStore,
      registrations: createRegistrationStore(database),
      secrets,
      openid: {
        signingAlgorithms: () => idTokenSigner.publishedAlgorithms(),
        requestObjectAlgorithms: requestObjectAlgorithms(config.unsignedRequestObjects),
        fetch: createGuardedFetch(config.outbound),
        isAllowedHost: createAllowedHosts(config.outbound),
      },
      makeId: randomUUID,
      randomBytes,
      now: mint.now,
    },
    logout,
    ping: () => database.ping(),
    clock: watchClock({ component: 'token', read: () => readClockSkew(database), logger, metrics }),
    async close() {
      await logout.stop();
      await maintenance.stop();
      await database.close();
    },
  };
}

type NamedKey = { readonly id: Buffer; readonly key: Buffer };

/** The keys of one purpose, the one in use first. */
function keysOf([first, ...others]: readonly [string, ...string[]], label: string): [NamedKey, ...NamedKey[]] {
  const keyOf = (secret: string): NamedKey => ({ id: keyId(secret), key: deriveKey(secret, label) });
  return [keyOf(first), ...others.map(keyOf)];
}

function flowCookies(
  config: TokenConfig,
  serviceSecrets: readonly [string, ...string[]],
  mint: Mint,
): AuthorizationTools['cookies'] {
  return createFlowCookies({
    keys: keysOf(cookieSecrets(config, serviceSecrets), 'cookie-aead/v1'),
    lifetimeMs: config.lifetimes.challengeMs,
    now: mint.now,
    randomBytes,
  });
}

function cookieSecrets({ cookieSecret }: TokenConfig, serviceSecrets: readonly [string, ...string[]]) {
  return cookieSecret === undefined ? serviceSecrets : parseSecretList(cookieSecret.reveal());
}

function macKeys(secrets: readonly [string, ...string[]], label: string): [Buffer, ...Buffer[]] {
  const [first, ...others] = keysOf(secrets, label);
  return [first.key, ...others.map(({ key }) => key)];
}
