import type { ApiParameter } from '@castellan/service';
import { z } from 'zod';

/** RFC 9110 section 13.1.1. */
export const ifMatch: ApiParameter = {
  description: 'The version that the change is made for, as ETag showed it, or `*`; another version is answered 412.',
  schema: z.string().regex(/^(\*|"v[1-9]\d{0,14}")$/),
};
