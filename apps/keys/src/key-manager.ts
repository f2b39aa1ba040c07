import { randomBytes } from 'node:crypto';
import {
  checkSystemSecrets,
  createKeyRing,
  createKeySets,
  createRotation,
  createSealer,
  createSigning,
  ensureOwnSets,
  type KeyActor,
  type KeySets,
  type NamedJwk,
  parseSecretList,
  type Purpose,
  readOwnKey,
  replaceOwnKey,
  type Rotation,
  type SecretUse,
  secretVerifier,
  type SetRules,
  setOfPurpose,
  type Signing,
  TLS_SET,
  visibleMs,
} from '@castellan/jwk';
import { createKeyStore, type Database, openDatabase, readClockSkew } from '@castellan/postgres';
import { ConfigError, type Logger, type Metrics, type ReadinessCheck, watchClock } from '@castellan/service';
import { startCaretaker } from './caretaker.js';
import { watchKeys } from './key-age.js';
import type { KeysConfig } from './keys.config.js';
import { createSignatureCounter } from './signature-counter.js';

/** The key of the server certificate. For this process only: no rpc reaches it. */
export type CertificateKey = {
  /** Runs work while no other replica runs any. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
  /** The private JWK with its certificate in `x5c`; undefined when none was made yet. */
  read(): Promise<NamedJwk | undefined>;
  replace(jwk: NamedJwk): Promise<void>;
};

/** An open key manager: key sets, signatures, rotation, and the certificate's key. */
export type KeyManager = {
  readonly sets: KeySets;
  readonly signing: Signing;
  readonly rotation: Rotation;
  /** For how long the public keys of a purpose may be kept by whoever reads them. */
  maxAgeMs(purpose: Purpose): number;
  readonly certificateKey: CertificateKey;
  /** The system secrets as the database knows them, and how many keys are sealed under each. */
  secretUses(): Promise<readonly SecretUse[]>;
  /** Answers when the database does; throws otherwise. */
  ping(): Promise<void>;
  /** Whether the clock of this process may date tokens. */
  readonly clock: ReadinessCheck;
  close(): Promise<void>;
};

/** What the key manager is given. */
export type KeyManagerDependencies = { readonly logger: Logger; readonly metrics?: Metrics };

/**
 * Opens the key manager: connects, proves that the database belongs to this system secret, and makes the product's own
 * sets where they are missing. Throws ConfigError for a wrong secret and DatabaseError for a database that cannot serve.
 */
export async function openKeyManager(
  config: KeysConfig,
  { logger, metrics }: KeyManagerDependencies,
): Promise<KeyManager> {
  const check = checkSystemSecrets(config.systemSecret.reveal());
  if (!check.ok) throw new ConfigError(check.error);
  for (const warning of check.warnings) logger.warn(warning);
  const database = await openDatabase({
    url: config.databaseUrl,
    component: 'keys',
    onRetry: (message) => logger.warn(message),
  });
  try {
    if (metrics !== undefined) {
      watchKeys(metrics, { database, store: createKeyStore(database), secretWarnings: check.warnings.length });
    }
    return await serveKeys(database, config, { logger, ...(metrics !== undefined ? { metrics } : {}) });
  } catch (cause) {
    await database.close();
    throw cause;
  }
}

async function serveKeys(
  database: Database,
  config: KeysConfig,
  { logger, metrics }: KeyManagerDependencies,
): Promise<KeyManager> {
  const store = createKeyStore(database);
  const secrets = parseSecretList(config.systemSecret.reveal());
  const verifiers = secrets.map((secret) => secretVerifier(secret, 'keys'));
  const claim = await store.claimSecrets(verifiers);
  if (claim.kind === 'refused') throw new ConfigError(refusalOf(claim.missing));
  const sealer = createSealer({ secrets, randomBytes });
  sealer.use(claim.inUse);
  const chooseSecret = async (): Promise<void> => {
    const latest = await store.claimSecrets(verifiers);
    if (latest.kind === 'refused') throw new Error(refusalOf(latest.missing));
    sealer.use(latest.inUse);
  };
  const generation = { rsaBits: config.rsaKeyBits, randomBytes };
  await ensureOwnSets({
    store,
    sealer,
    generation,
    onMissing: (set) => logger.info(`Key pair for signing ${set} is missing. Creating new one.`),
  });
  const ring = createKeyRing(store, sealer);
  const rulesOf = (set: string): SetRules | undefined => config.rotation.get(set);
  const rotation = createRotation({
    store,
    sealer,
    generation,
    rules: (own) => requireRules(rulesOf(own.set)),
    onChange: (set, kid, to, actor) =>
      logger.info('The state of a key changed', { set, kid, state: to, peer: actor.peer, request_id: actor.requestId }),
  });
  const counter = createSignatureCounter(store);
  const caretaker = startCaretaker({
    everyMs: caretakingMs(config),
    tasks: {
      'seal with the newest system secret': chooseSecret,
      'rotate keys': () => rotation.advance(),
      'count signatures': () => counter.flush(),
    },
    logger,
  });
  return {
    rotation,
    maxAgeMs: (purpose) => rulesOf(setOfPurpose(purpose).set)?.maxAgeMs ?? 0,
    sets: createKeySets({
      store,
      sealer,
      ring,
      generation,
      rotation,
      exportPrivate: config.exportPrivate,
      onRelease: (set, kid, actor) => logRelease(logger, set, kid, actor),
    }),
    signing: createSigning({
      ring,
      now: () => database.now(),
      mayLiveMs: (purpose) => mayLiveMs(requireRules(rulesOf(setOfPurpose(purpose).set))),
      onSign: (set, kid) => counter.add(set, kid),
    }),
    certificateKey: {
      exclusively: (work) => store.exclusively(work),
      read: () => readOwnKey(store, sealer, TLS_SET),
      replace: (jwk) => replaceOwnKey(store, sealer, TLS_SET, jwk),
    },
    secretUses: () => store.secretUses(),
    ping: () => database.ping(),
    clock: watchClock({
      component: 'keys',
      read: () => readClockSkew(database),
      logger,
      ...(metrics !== undefined ? { metrics } : {}),
    }),
    async close() {
      await caretaker.stop();
      await counter.flush().catch((error: unknown) => logger.warn('Signatures were not counted', { error }));
      await database.close();
    },
  };
}

/** Why the start is refused; key IDs tell nothing of their secrets. */
function refusalOf(missing: readonly string[]): string {
  const needed = missing.length > 0 ? ` The key IDs of what is missing: ${missing.join(', ')}.` : '';
  return (
    'The database was initialised with another SYSTEM_SECRET: its keys cannot be read with this one, so the start is ' +
    `refused. Set the SYSTEM_SECRET that was used first, and each that was added since.${needed}`
  );
}

/** What is signed lives at most so long; the clock of whoever dates it may be off as much as ours. */
function mayLiveMs({ longestLifeMs, clockSkewMs }: SetRules): number {
  return longestLifeMs + 2 * clockSkewMs + 1_000;
}

/** Often enough that a change is not much later than it could be. */
function caretakingMs({ rotation }: KeysConfig): number {
  const shortest = Math.min(...[...rotation.values()].map(visibleMs));
  return Math.min(10_000, Math.max(250, shortest / 10));
}

function requireRules(rules: SetRules | undefined): SetRules {
  if (rules === undefined) throw new Error('a signing set without rules');
  return rules;
}

function logRelease(logger: Logger, set: string, kid: string, actor: KeyActor): void {
  logger.info('A private key was read', { set, kid, peer: actor.peer, request_id: actor.requestId });
}
