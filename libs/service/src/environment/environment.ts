import { ConfigError } from '../config.js';
import { FILE_VARIABLES, withSecretFiles } from '../secret-files.js';
import { readConfigFile } from './config-file.js';
import type { Variables } from './program-variables.js';
import { unknownVariables } from './unknown-variables.js';

/** Names of `variables` that the file's value of `name` would compete with: a secret and its file are one setting. */
function sameSetting(name: string): readonly string[] {
  const plain = name.replace(/_FILE$/, '');
  return (FILE_VARIABLES as readonly string[]).includes(plain) ? [plain, `${plain}_FILE`] : [name];
}

/**
 * The settings of the file that CASTELLAN_CONFIG names, and those of the environment over them.
 * @throws ConfigError for a file that cannot be used and for an unknown key of it
 */
export function withConfigFile(env: NodeJS.ProcessEnv, variables: Variables): NodeJS.ProcessEnv {
  const path = env['CASTELLAN_CONFIG'] ?? '';
  if (path === '') return env;
  const isSet = (name: string): boolean => env[name] !== undefined && env[name] !== '';
  const file = Object.entries(readConfigFile(path, variables)).filter(([name]) => !sameSetting(name).some(isSet));
  return { ...env, ...Object.fromEntries(file) };
}

/**
 * The environment that a program reads its configuration from: what stands in the file that CASTELLAN_CONFIG names,
 * the variables over it, and secrets from their files.
 * @throws ConfigError for a file that cannot be used, for an unknown key of it, and for a name in the environment that
 * was probably meant for us (`elsewhere`: names of other programs of the product)
 */
export function readEnvironment(
  env: NodeJS.ProcessEnv,
  variables: Variables,
  elsewhere?: Iterable<string>,
): NodeJS.ProcessEnv {
  const settings = withConfigFile(env, variables);
  const unknown = unknownVariables(settings, variables, elsewhere);
  if (unknown.length > 0) {
    throw new ConfigError([...unknown, 'names that are none of ours belong into CASTELLAN_FOREIGN_VARIABLES']);
  }
  return withSecretFiles(settings);
}
