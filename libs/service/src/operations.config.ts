import { z } from 'zod';
import { durationSchema, portSchema } from './config.js';

/** The variables of the operations port and the shutdown. */
export const operationsVariables = z.object({
  OPS_HOST: z.string().optional(),
  OPS_PORT: portSchema.optional(),
  SHUTDOWN_DELAY: durationSchema.default(0),
});
