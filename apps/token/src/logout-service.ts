import {
  backchannelLogoutKind,
  type ChallengeText,
  type ClientStore,
  deliverBackchannelLogout,
  type FlowCookies,
  hashSessionSecret,
  type LeasedMessage,
  type LoginSessionStore,
  type LogoutRequestStore,
  type LogoutTools,
  type OutboxStore,
  type SessionCookies,
  type SubjectIdentifier,
} from '@castellan/oauth2';
import { createLogoutRequestStore, createOutboxStore, type Database } from '@castellan/postgres';
import type { keysV1, RpcClient } from '@castellan/rpc';
import type { Logger, Metrics } from '@castellan/service';
import type { Deliveries } from './deliveries.grpc.js';
import { createGuardedPost } from './guarded-fetch.js';
import { createIdTokenKeys, createLogoutTokenSigner } from './id-token-signer.js';
import { startOutboxWorker } from './outbox-worker.js';
import type { TokenConfig } from './token.config.js';
import { watchOutbox } from './token-metrics.js';

/** How often another replica's messages are looked for, and those whose time has come. */
const outboxPollMs = 1_000;

/** Logout, wired: the end session endpoint, and what brings logout tokens to clients. */
export type LogoutService = {
  readonly tools: LogoutTools;
  readonly deliveries: Deliveries;
  readonly requests: LogoutRequestStore;
  readonly outbox: OutboxStore;
  stop(): Promise<void>;
};

/** What logout shares with the rest of the token service. */
export type LogoutDependencies = {
  readonly config: TokenConfig;
  readonly database: Database;
  readonly clients: ClientStore;
  readonly sessions: LoginSessionStore;
  readonly sessionCookies: SessionCookies;
  readonly flows: FlowCookies;
  readonly challenges: ChallengeText;
  readonly subjectIdentifier: SubjectIdentifier;
  readonly signing: RpcClient<typeof keysV1.SigningService>;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly now: () => number;
  readonly randomBytes: (n: number) => Buffer;
};

/** Wires logout, and starts to deliver what is in the outbox. */
export function startLogout(shared: LogoutDependencies): LogoutService {
  const { config, database, clients, subjectIdentifier, signing, logger, metrics, now, randomBytes } = shared;
  const outbox = createOutboxStore(database);
  watchOutbox(metrics, outbox);
  const requests = createLogoutRequestStore(database);
  const backchannel = {
    ...{ issuer: config.issuer, clients, subjectIdentifier, now, randomBytes },
    signLogoutToken: createLogoutTokenSigner(signing),
    post: createGuardedPost(config.outbound),
  };
  const handlers = new Map([
    [backchannelLogoutKind, (message: LeasedMessage) => deliverBackchannelLogout(message, backchannel)],
  ]);
  const work = { store: outbox, handlers, logger, metrics, random: Math.random, pollMs: outboxPollMs };
  const worker = startOutboxWorker(work);
  const { logoutDeliveryDeadlineMs: giveUpAfterMs } = config;
  return {
    requests,
    outbox,
    deliveries: { outbox, worker, kinds: [...handlers.keys()], giveUpAfterMs },
    tools: {
      ...{ clients, requests, subjectIdentifier, now, randomBytes },
      settings: settingsOf(config),
      sessions: sessionsOf(shared),
      flows: shared.flows,
      challenges: shared.challenges,
      idTokenKeys: createIdTokenKeys(signing),
      onEnded: () => worker.wake(),
    },
    stop: () => worker.stop(),
  };
}

function settingsOf(config: TokenConfig): LogoutTools['settings'] {
  return {
    issuer: config.issuer,
    ...(config.logoutUrl !== undefined ? { logoutUrl: config.logoutUrl } : {}),
    postLogoutUrl: config.postLogoutUrl,
    requestLifetimeMs: config.lifetimes.challengeMs,
    giveUpAfterMs: config.logoutDeliveryDeadlineMs,
  };
}

function sessionsOf({ sessions, sessionCookies }: LogoutDependencies): LogoutTools['sessions'] {
  return {
    async current(cookies, secure) {
      const cookie = sessionCookies.open(cookies, secure);
      return cookie === undefined ? undefined : sessions.findByCookie(hashSessionSecret(cookie.secret));
    },
    find: (sid) => sessions.find(sid),
    clear: (secure) => [sessionCookies.clear(secure)],
  };
}
