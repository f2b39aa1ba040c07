import { randomBytes } from 'node:crypto';
import {
  checkSystemSecrets,
  createSealer,
  deriveKey,
  deriveServiceSecret,
  inUseFirst,
  keyId,
  type KeyStore,
  parseSecretList,
  type Sealer,
  type SecretVerifier,
  secretVerifier,
} from '@castellan/jwk';
import { createSessionSeal, type SessionKey, type SessionSeal } from '@castellan/oauth2';
import {
  borrowEmbeddedPostgres,
  type BorrowedPostgres,
  createKeyStore,
  type Database,
  openDatabase,
  refusedDatabaseUrl,
} from '@castellan/postgres';
import type { CommandCall } from '../command.js';
import { dataFolder } from '../data-folder.js';
import { CommandError, errorText } from '../terminal.js';

/** A system secret as each component knows it. */
export type HeldSecret = {
  /** Key ID of the system secret itself, which stands in every sealed key. */
  readonly keyId: string;
  readonly keys: SecretVerifier;
  readonly token: SecretVerifier;
  readonly warden: SecretVerifier;
};

/** The databases of the components, and the system secrets of the caller. */
export type SecretDatabases = {
  readonly store: KeyStore;
  readonly sealer: Sealer;
  readonly token: Database;
  readonly warden: Database;
  /** Newest first. */
  readonly held: readonly [HeldSecret, ...HeldSecret[]];
  /** Seals grants with the token secret that belongs to the system secret of that key ID, and opens those of all. */
  sessions(keyId: string): SessionSeal;
};

/**
 * Opens the databases of DATABASE_URL (or KEYS_, TOKEN_ and WARDEN_DATABASE_URL), the embedded one beside a running host
 * or without it, for work on the secrets in
 * SYSTEM_SECRET, and closes them again. Throws CommandError.
 */
export async function withSecretDatabases<T>(
  call: CommandCall,
  work: (databases: SecretDatabases) => Promise<T>,
): Promise<T> {
  const secrets = readSecrets(call);
  const opened: Database[] = [];
  let embedded: BorrowedPostgres | undefined;
  async function open(component: 'keys' | 'token' | 'warden'): Promise<Database> {
    const wanted = databaseUrl(call, `${component.toUpperCase()}_DATABASE_URL`);
    if (wanted === 'embedded') embedded ??= await borrow(call);
    const url = wanted === 'embedded' && embedded !== undefined ? embedded.url : wanted;
    const database = await openDatabase({ url, component, poolSize: 2, connectTimeoutMs: 10_000 }).catch(
      (error: unknown) => {
        throw new CommandError(`Could not open the database of ${component}: ${errorText(error)}`);
      },
    );
    opened.push(database);
    return database;
  }
  try {
    const keys = await open('keys');
    const [first, ...others] = secrets;
    return await work({
      store: createKeyStore(keys),
      sealer: createSealer({ secrets, randomBytes }),
      token: await open('token'),
      warden: await open('warden'),
      held: [holdSecret(first), ...others.map(holdSecret)],
      sessions: (inUse) => sessionSeal(inUseFirst(secrets, inUse)),
    });
  } finally {
    await Promise.all(opened.map((database) => database.close()));
    await embedded?.release();
  }
}

function readSecrets(call: CommandCall): readonly [string, ...string[]] {
  const text = call.terminal.env['SYSTEM_SECRET'] ?? '';
  const verdict = checkSystemSecrets(text);
  if (!verdict.ok) throw new CommandError(verdict.error);
  return parseSecretList(text);
}

function borrow(call: CommandCall): Promise<BorrowedPostgres> {
  return borrowEmbeddedPostgres({ folder: dataFolder(call.terminal), onProgress: call.note }).catch(
    (error: unknown) => {
      throw new CommandError(errorText(error));
    },
  );
}

function databaseUrl(call: CommandCall, variable: string): string {
  const url = call.terminal.env[variable] || call.terminal.env['DATABASE_URL'] || '';
  if (url === '') throw new CommandError(`DATABASE_URL is not set, and neither is ${variable}.`);
  if (url === 'embedded') return url;
  const refusal = refusedDatabaseUrl(url);
  if (refusal !== undefined) throw new CommandError(refusal);
  return url;
}

function sessionSeal([first, ...others]: readonly [string, ...string[]]): SessionSeal {
  return createSessionSeal({ keys: [sessionKey(first), ...others.map(sessionKey)], randomBytes });
}

function sessionKey(systemSecret: string): SessionKey {
  const secret = deriveServiceSecret(systemSecret, 'token');
  return { id: keyId(secret), key: deriveKey(secret, 'grant-session/v1') };
}

function holdSecret(secret: string): HeldSecret {
  const keys = secretVerifier(secret, 'keys');
  return {
    keyId: keys.keyId,
    keys,
    token: secretVerifier(deriveServiceSecret(secret, 'token'), 'token'),
    warden: secretVerifier(deriveServiceSecret(secret, 'warden'), 'warden'),
  };
}
