import { commaListSchema, durationSchema } from '@castellan/service';
import { z } from 'zod';
import type { ContextRules } from './redact-context.js';

/** Which decisions are recorded, and where. */
export type DecisionLogConfig = {
  readonly toTable: boolean;
  readonly toStdout: boolean;
  /** Share of decisions that are recorded, from 0 to 1. */
  readonly sample: number;
  /** Milliseconds for which the table keeps a record. */
  readonly retentionMs: number;
  /** Members of the context that are recorded. */
  readonly context: ContextRules;
};

const hour = 3_600_000;
const day = 24 * hour;

/** The variables of the decision log, and what each is by default. */
export const decisionLogVariables = {
  WARDEN_DECISION_LOG: commaListSchema
    .refine((sinks) => sinks.every((sink) => sink === 'table' || sink === 'stdout'), "may hold 'table' and 'stdout'")
    .default([]),
  WARDEN_DECISION_LOG_SAMPLE: z
    .string()
    .regex(/^(0(\.\d+)?|1(\.0+)?)$/, 'must be a share from 0 to 1, such as 0.05')
    .default('1'),
  WARDEN_DECISION_LOG_RETENTION: durationSchema
    .refine((milliseconds) => milliseconds >= hour && milliseconds <= 366 * day, 'must be from 1h to 8784h')
    .default(7 * day),
  WARDEN_DECISION_LOG_CONTEXT: commaListSchema.default([]),
  WARDEN_DECISION_LOG_CONTEXT_HIDDEN: commaListSchema.default([]),
};

/** What the variables say. */
export function readDecisionLog(values: z.infer<z.ZodObject<typeof decisionLogVariables>>): DecisionLogConfig {
  const shown = values.WARDEN_DECISION_LOG_CONTEXT;
  return {
    toTable: values.WARDEN_DECISION_LOG.includes('table'),
    toStdout: values.WARDEN_DECISION_LOG.includes('stdout'),
    sample: Number(values.WARDEN_DECISION_LOG_SAMPLE),
    retentionMs: values.WARDEN_DECISION_LOG_RETENTION,
    context: {
      shown: shown.includes('*') ? 'all' : new Set(shown),
      hidden: new Set(values.WARDEN_DECISION_LOG_CONTEXT_HIDDEN),
    },
  };
}
