import { readFileSync } from 'node:fs';
import { ConfigError } from './config.js';

/** Variables whose value may stand in a file that `<name>_FILE` names, as orchestrators mount secrets. */
export const FILE_VARIABLES = [
  'SYSTEM_SECRET',
  'TOKEN_SECRET',
  'WARDEN_SECRET',
  'COOKIE_SECRET',
  'PAIRWISE_SECRET',
  'FORCE_ROOT_CLIENT_CREDENTIALS',
  'DATABASE_URL',
  'TOKEN_DATABASE_URL',
  'WARDEN_DATABASE_URL',
  'KEYS_DATABASE_URL',
  'REDIS_URL',
  'REDIS_SENTINEL_PASSWORD',
] as const;

/**
 * The environment with the contents of secret files in the place of their names; one line end after the value is cut.
 * @throws ConfigError when a file cannot be read or is empty, or when both the variable and its file are given
 */
export function withSecretFiles(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const problems: string[] = [];
  const read: Record<string, string> = {};
  for (const name of FILE_VARIABLES) {
    const file = env[`${name}_FILE`];
    if (file === undefined || file === '') continue;
    if (env[name] !== undefined && env[name] !== '') {
      problems.push(`${name} and ${name}_FILE: give one of them`);
      continue;
    }
    try {
      const value = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
      if (value === '') problems.push(`${name}_FILE: the file is empty`);
      read[name] = value;
    } catch {
      problems.push(`${name}_FILE: the file cannot be read`);
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return { ...env, ...read };
}
