import { withConfigFile, withSecretFiles } from '@castellan/service';
import type { CommandCall } from '../command.js';
import { programVariables, type ProgramName } from './variables.js';

/**
 * The environment of a command with the settings of the file (`--config-file`, else CASTELLAN_CONFIG) and the secrets of
 * their files. Names that are not known are for `config check` to report; throws ConfigError for those of the file.
 */
export function settingsOf(call: CommandCall, program: ProgramName): NodeJS.ProcessEnv {
  const file = call.text('config-file');
  const env = { ...call.terminal.env, ...(file === '' ? {} : { CASTELLAN_CONFIG: file }) };
  return withSecretFiles(withConfigFile(env, programVariables[program]));
}
