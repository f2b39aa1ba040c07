import { z } from 'zod';
import { badRequest } from './failure.js';

/** Reads a query or a form; a member that is doubled, too long or of the wrong kind is a bad request. */
export function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value ?? {});
  if (!parsed.success) throw badRequest('unreadable');
  return parsed.data;
}

/** A field that a form may repeat, as a list. */
export const repeated = z
  .union([z.string(), z.array(z.string())])
  .default([])
  .transform((values) => [values].flat());
