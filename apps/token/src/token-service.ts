import { randomBytes, randomUUID } from 'node:crypto';
import { deriveKey, inUseFirst, keyId, parseSecretList, secretVerifier } from '@castellan/jwk';
import {
  type AuthorizationRequestStore,
  backchannelLogoutKind,
  deliverBackchannelLogout,
  type AuthorizationTools,
  type ClientAuthentication,
  type ClientSecrets,
  type ClientStore,
  type ClientKeys,
  createClientAssertions,
  createClientAuthentication,
  createClientCache,
  createClientKeys,
  createClientSecrets,
  createFlowCookies,
  createSecretUses,
  createSessionSeal,
  createSubjectIdentifier,
  createTokenText,
  type GrantTools,
  type IntrospectionCaller,
  type IntrospectionTools,
  type LeasedMessage,
  type Mint,
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
  createOutboxStore,
  createPartitionKeeper,
  createResourceServerStore,
  createRegistrationStore,
  createSubjectClaimsStore,
  createTokenStore,
  type Database,
  openDatabase,
  tokenPartitionedTables,
} from '@castellan/postgres';
import type { keysV1, RpcClient, wardenV1 } from '@castellan/rpc';
import { ConfigError, type Logger, type Metrics } from '@castellan/service';
import { createAccessTokenSigner } from './access-token-signer.js';
import { createConsentChallengeSigner, createConsentResponseKeys } from './consent-keys.js';
import type { Deliveries } from './deliveries.grpc.js';
import { createAllowedHosts, createGuardedFetch, createGuardedPost } from './guarded-fetch.js';
import {
  createIdTokenKeys,
  createIdTokenSigner,
  createLogoutTokenSigner,
  createUserinfoSigner,
  type PublishedIdTokenSigner,
} from './id-token-signer.js';
import { createIntrospectionGuard } from './introspection-guard.js';
import { createIssuanceGuard } from './issuance-guard.js';
import { startMaintenance } from './maintenance.js';
import { startOutboxWorker } from './outbox-worker.js';
import { createRegistrationGuard } from './registration-guard.js';
import { createSlowHasher } from './slow-hasher.js';
import { countBurns, watchOutbox, watchTokenDatabase } from './token-metrics.js';
import type { TokenConfig } from './token.config.js';

/** How often another replica's messages are looked for, and those whose time has come. */
const outboxPollMs = 1_000;

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
  readonly secrets: ClientSecrets;
  readonly endpoint: EndpointTools;
  readonly authorization: AuthorizationTools;
  readonly userinfo: UserinfoTools;
  readonly registration: RegistrationTools;
  readonly idTokenSigner: PublishedIdTokenSigner;
  readonly deliveries: Deliveries;
  ping(): Promise<void>;
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
  watchTokenDatabase(metrics, database, keeper);
  const requests: AuthorizationRequestStore = createAuthorizationRequestStore(database, keeper, sessions);
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
  const fetch = createGuardedFetch(config.outbound);
  const clientKeys: ClientKeys = createClientKeys({
    fetch,
    now: () => performance.now(),
  });
  const outbox = createOutboxStore(database);
  watchOutbox(metrics, outbox);
  const logoutTools = {
    issuer,
    clients: clientStore,
    subjectIdentifier,
    signLogoutToken: createLogoutTokenSigner(signing),
    post: createGuardedPost(config.outbound),
    now: mint.now,
    randomBytes,
  };
  const handlers = new Map([
    [backchannelLogoutKind, (message: LeasedMessage) => deliverBackchannelLogout(message, logoutTools)],
  ]);
  const worker = startOutboxWorker({
    store: outbox,
    handlers,
    logger,
    metrics,
    random: Math.random,
    pollMs: outboxPollMs,
  });
  const maintenance = startMaintenance({ keeper, store, requests, assertions, outbox, logger });
  return {
    issuer,
    clientStore,
    resourceServers,
    secrets,
    idTokenSigner,
    endpoint: {
      issuer,
      store,
      refreshGraceMs: config.refreshGraceMs,
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
          audiences: config.assertionAudience === 'issuer' ? [issuer] : [issuer, `${issuer}/oauth2/token`],
          now: () => store.now(),
        }),
        noteSecretUse: createSecretUses({ store: clientStore, now: () => store.now() }),
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
        legacyErrorRedirect: config.legacyErrorRedirect,
        pendingRequestsPerClient: config.pendingRequestsPerClient,
      },
      clients: clientStore,
      requests,
      mint,
      cookies: flowCookies(config, serviceSecrets, mint),
      signChallenge: createConsentChallengeSigner(signing),
      idTokenKeys: createIdTokenKeys(signing),
      requestUris: { fetch, keys: clientKeys, unsigned: config.unsignedRequestObjects },
      responseKeys: createConsentResponseKeys(signing, () => performance.now()),
      idTokenSigner,
      accessTokenSigner,
      resourceServers,
      ...(issuanceGuard !== undefined ? { issuanceGuard } : {}),
      subjectIdentifier,
    },
    userinfo: {
      issuer,
      store,
      accessTokenSigner,
      tokenText: mint.tokenText,
      clientStore,
      subjectClaims: createSubjectClaimsStore(database, sessions),
      subjectIdentifier,
      signUserinfo: createUserinfoSigner(signing),
    },
    registration: {
      issuer,
      access: config.registration.access,
      mayRegister: createRegistrationGuard(warden, config.resourceNamePrefix),
      allowedScopes: config.registration.scopes,
      introspection: { issuer, store, tokenText: mint.tokenText, accessTokenSigner },
      clients: clientStore,
      registrations: createRegistrationStore(database),
      secrets,
      openid: {
        signingAlgorithms: () => idTokenSigner.publishedAlgorithms(),
        requestObjectAlgorithms: requestObjectAlgorithms(config.unsignedRequestObjects),
        fetch,
        isAllowedHost: createAllowedHosts(config.outbound),
      },
      makeId: randomUUID,
      randomBytes,
      now: mint.now,
    },
    deliveries: {
      outbox,
      worker,
      kinds: [backchannelLogoutKind],
      giveUpAfterMs: config.logoutDeliveryDeadlineMs,
    },
    ping: () => database.ping(),
    async close() {
      await worker.stop();
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
  const secrets = config.cookieSecret === undefined ? serviceSecrets : parseSecretList(config.cookieSecret.reveal());
  return createFlowCookies({
    keys: keysOf(secrets, 'cookie-aead/v1'),
    lifetimeMs: config.lifetimes.challengeMs,
    now: mint.now,
    randomBytes,
  });
}
