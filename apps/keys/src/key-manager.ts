import { randomBytes } from 'node:crypto';
import {
  checkSystemSecret,
  createKeyRing,
  createKeySets,
  createSealer,
  createSigning,
  ensureOwnSets,
  type KeyActor,
  type KeySets,
  type NamedJwk,
  readOwnKey,
  replaceOwnKey,
  secretVerifier,
  type Signing,
  TLS_SET,
} from '@castellan/jwk';
import { createKeyStore, type Database, openDatabase } from '@castellan/postgres';
import { ConfigError, type Logger, type Metrics } from '@castellan/service';
import { watchKeys } from './key-metrics.js';
import type { KeysConfig } from './keys.config.js';

/** The key of the server certificate. For this process only: no rpc reaches it. */
export type CertificateKey = {
  /** Runs work while no other replica runs any. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
  /** The private JWK with its certificate in `x5c`; undefined when none was made yet. */
  read(): Promise<NamedJwk | undefined>;
  replace(jwk: NamedJwk): Promise<void>;
};

/** An open key manager: key sets, signatures, and the certificate's key. */
export type KeyManager = {
  readonly sets: KeySets;
  readonly signing: Signing;
  readonly certificateKey: CertificateKey;
  /** Answers when the database does; throws otherwise. */
  ping(): Promise<void>;
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
  const check = checkSystemSecret(config.systemSecret.reveal());
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
    return await serveKeys(database, config, logger);
  } catch (cause) {
    await database.close();
    throw cause;
  }
}

async function serveKeys(database: Database, config: KeysConfig, logger: Logger): Promise<KeyManager> {
  const store = createKeyStore(database);
  if (!(await store.claimSecret(secretVerifier(config.systemSecret.reveal(), 'keys')))) {
    throw new ConfigError(
      'The database was initialised with another SYSTEM_SECRET: its keys cannot be read with this one, so the start is ' +
        'refused. Set the SYSTEM_SECRET that was used first.',
    );
  }
  const sealer = createSealer({ secrets: [config.systemSecret.reveal()], randomBytes });
  const generation = { rsaBits: config.rsaKeyBits, randomBytes };
  await ensureOwnSets({
    store,
    sealer,
    generation,
    onMissing: (set) => logger.info(`Key pair for signing ${set} is missing. Creating new one.`),
  });
  const ring = createKeyRing(store, sealer);
  return {
    sets: createKeySets({
      store,
      sealer,
      ring,
      generation,
      exportPrivate: config.exportPrivate,
      onRelease: (set, kid, actor) => logRelease(logger, set, kid, actor),
    }),
    signing: createSigning(ring),
    certificateKey: {
      exclusively: (work) => store.exclusively(work),
      read: () => readOwnKey(store, sealer, TLS_SET),
      replace: (jwk) => replaceOwnKey(store, sealer, TLS_SET, jwk),
    },
    ping: () => database.ping(),
    close: () => database.close(),
  };
}

function logRelease(logger: Logger, set: string, kid: string, actor: KeyActor): void {
  logger.info('A private key was read', { set, kid, peer: actor.peer, request_id: actor.requestId });
}
