import type { z } from 'zod';
import { badRequest } from './failure.js';

/** Reads a query or a form; a member that is doubled, too long or of the wrong kind is a bad request. */
export function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value ?? {});
  if (!parsed.success) throw badRequest('This request is not readable', 'A field is missing, too long or given twice.');
  return parsed.data;
}
