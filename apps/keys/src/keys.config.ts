import { checkSystemSecrets, DEFAULT_RSA_BITS, MAX_RSA_BITS, MIN_RSA_BITS, type SetRules } from '@castellan/jwk';
import { isPlaintextRemote, refusedDatabaseUrl } from '@castellan/postgres';
import { booleanSchema, ConfigError, integerSchema, readConfig, Secret } from '@castellan/service';
import { z } from 'zod';
import { readRotation, rotationVariables } from './rotation.config.js';

/** Configuration of the key manager. */
export type KeysConfig = {
  readonly databaseUrl: string;
  /** The root of all secrets, a list with the newest first; only the key manager holds it. */
  readonly systemSecret: Secret;
  /** Bits of RSA keys that are made. */
  readonly rsaKeyBits: number;
  /** Whether private parts of users' sets and of `hydra.consent.response` may be read. */
  readonly exportPrivate: boolean;
  /** How the keys of each signing set live. */
  readonly rotation: ReadonlyMap<string, SetRules>;
};

/** The variables of the key manager. */
export const keysVariables = z.object({
  KEYS_DATABASE_URL: z.string().optional(),
  DATABASE_URL: z.string().optional(),
  SYSTEM_SECRET: z.string(),
  RSA_KEY_BITS: integerSchema
    .refine((bits) => bits >= MIN_RSA_BITS && bits <= MAX_RSA_BITS, `must be ${MIN_RSA_BITS} to ${MAX_RSA_BITS}`)
    .default(DEFAULT_RSA_BITS),
  KEYS_EXPORT_PRIVATE: booleanSchema.default(true),
  ...rotationVariables,
  CASTELLAN_ENV: z.string().optional(),
});

/**
 * Reads the configuration: KEYS_DATABASE_URL or DATABASE_URL, SYSTEM_SECRET, RSA_KEY_BITS (3072), KEYS_EXPORT_PRIVATE (1),
 * and what rotation.config.ts names.
 * Throws ConfigError that names every variable that cannot be used and shows no value.
 */
export function readKeysConfig(env: NodeJS.ProcessEnv): KeysConfig {
  const values = readConfig(keysVariables, env);
  const databaseUrl = values.KEYS_DATABASE_URL ?? values.DATABASE_URL ?? '';
  const secret = checkSystemSecrets(values.SYSTEM_SECRET);
  const rotation = readRotation(values);
  const problems = [
    ...problemsOfDatabaseUrl(databaseUrl, values.CASTELLAN_ENV === 'production'),
    ...(secret.ok ? [] : [secret.error]),
    ...rotation.problems,
  ];
  if (problems.length > 0) throw new ConfigError(problems);
  return {
    databaseUrl,
    systemSecret: new Secret(values.SYSTEM_SECRET),
    rsaKeyBits: values.RSA_KEY_BITS,
    exportPrivate: values.KEYS_EXPORT_PRIVATE,
    rotation: rotation.rules,
  };
}

function problemsOfDatabaseUrl(url: string, production: boolean): readonly string[] {
  if (url === '') return ['KEYS_DATABASE_URL or DATABASE_URL: is required'];
  const refused = refusedDatabaseUrl(url);
  if (refused !== undefined) return [refused];
  return production && isPlaintextRemote(url)
    ? ['DATABASE_URL: leaves this machine without TLS; use sslmode=verify-full in production']
    : [];
}
