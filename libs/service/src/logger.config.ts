import { z } from 'zod';
import { readConfig } from './config.js';
import { LOG_FORMATS, LOG_LEVELS, createLogger, type Logger } from './logger.js';

/** The variables of the log. */
export const loggerVariables = z.object({
  LOG_LEVEL: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`).default('info'),
  LOG_FORMAT: z.enum(LOG_FORMATS, `must be one of ${LOG_FORMATS.join(', ')}`).default('text'),
});

/**
 * The logger that `LOG_LEVEL` (panic, fatal, error, warn, info, debug) and `LOG_FORMAT` (text, json) ask for.
 * @throws ConfigError
 */
export function createLoggerFromEnv(env: NodeJS.ProcessEnv): Logger {
  const { LOG_LEVEL: level, LOG_FORMAT: format } = readConfig(loggerVariables, env);
  return createLogger({ level, format });
}
