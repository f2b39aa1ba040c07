import { z } from 'zod';

import { named } from './api-schema.js';
import type { ApiOperation } from './operation.js';

const statusSchema = named('Status', z.strictObject({ status: z.literal('ok') }));
const unreadySchema = named(
  'Unready',
  z.strictObject({ errors: z.record(z.string(), z.string()).describe('What is not ready, by the name of the check.') }),
);
const versionSchema = named('Version', z.strictObject({ version: z.string() }));
/** The error JSON of every edge, with the original's members. */
export const errorSchema = named(
  'Error',
  z.strictObject({
    error: z.strictObject({
      code: z.int().describe('The status once more.'),
      status: z.string().describe('The status in words.'),
      request: z.string().optional().describe('X-Request-Id of the request, where it came with one.'),
      message: z.string(),
    }),
  }),
);

const tag = 'process';

/** What every HTTP service answers beside its API. */
export const processTags: Readonly<Record<string, string>> = {
  [tag]: 'The process that answers: health, version, this document.',
};

const open = { method: 'GET', tag, pathParameters: {}, security: [] } as const;
const malformed = { 400: { description: 'The request cannot be read.', schema: errorSchema } };

/** Health, version and the document itself, for anybody. */
export const processOperations: readonly ApiOperation[] = [
  {
    ...open,
    id: 'health',
    path: '/health',
    summary: 'Whether the process runs, in two letters',
    answers: { 200: { description: 'It runs.', schema: z.literal('ok'), type: 'text/plain' }, ...malformed },
  },
  {
    ...open,
    id: 'healthAlive',
    path: '/health/alive',
    summary: 'Whether the process runs',
    answers: { 200: { description: 'It runs.', schema: statusSchema }, ...malformed },
  },
  {
    ...open,
    id: 'healthReady',
    path: '/health/ready',
    summary: 'Whether the process can serve',
    answers: {
      200: { description: 'What it depends on is there.', schema: statusSchema },
      503: { description: 'Something is missing, or the process is about to end.', schema: unreadySchema },
      ...malformed,
    },
  },
  {
    ...open,
    id: 'version',
    path: '/version',
    summary: 'The version of the product',
    answers: { 200: { description: 'The version.', schema: versionSchema }, ...malformed },
  },
  {
    ...open,
    id: 'openapi',
    path: '/openapi.json',
    summary: 'This document',
    answers: {
      200: { description: 'An OpenAPI 3.1 document.', schema: z.looseObject({ openapi: z.string() }) },
      ...malformed,
    },
  },
];
