import { z } from 'zod';
import { ConfigError, booleanSchema, durationSchema, integerSchema, readConfig } from '../config.js';
import type { ConcurrencyLimits } from './concurrency-limit.js';

/** The variables of admission control. */
export const admissionVariables = z.object({
  ADMISSION_CONTROL: booleanSchema.default(true),
  ADMISSION_MIN_IN_FLIGHT: integerSchema.default(64),
  ADMISSION_MAX_IN_FLIGHT: integerSchema.default(1_000),
  ADMISSION_TARGET_DELAY: durationSchema.default(5),
});

/**
 * The limits on what is under way at once; undefined where they are switched off.
 * @throws ConfigError naming every variable that cannot be used
 */
export function readAdmissionConfig(env: NodeJS.ProcessEnv): ConcurrencyLimits | undefined {
  const variables = readConfig(admissionVariables, env);
  const { ADMISSION_MIN_IN_FLIGHT: min, ADMISSION_MAX_IN_FLIGHT: max, ADMISSION_TARGET_DELAY: delay } = variables;
  if (min < 1 || min > max) {
    throw new ConfigError('ADMISSION_MIN_IN_FLIGHT: must be at least 1 and at most ADMISSION_MAX_IN_FLIGHT');
  }
  if (delay < 1) throw new ConfigError('ADMISSION_TARGET_DELAY: must be at least 1ms');
  return variables.ADMISSION_CONTROL ? { min, max, targetDelayMs: delay } : undefined;
}
