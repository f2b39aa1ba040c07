import { type ApiOperation, errorSchema, named } from '@castellan/service';
import { z } from 'zod';

const metadataSchema = named(
  'AuthzenMetadata',
  z.strictObject({
    policy_decision_point: z.string(),
    access_evaluation_endpoint: z.string(),
    access_evaluations_endpoint: z.string(),
  }),
);

/** The one endpoint of the admin API that needs no access token and is no route of its table. */
export const authzenMetadataOperation: ApiOperation = {
  id: 'authzenMetadata',
  method: 'GET',
  path: '/.well-known/authzen-configuration',
  tag: 'AuthZEN',
  summary: 'Where the policy decision point is (AuthZEN Authorization API 1.0 section 9)',
  pathParameters: {},
  security: [],
  answers: {
    200: { description: 'The metadata.', schema: metadataSchema },
    400: { description: 'The request cannot be read.', schema: errorSchema },
    404: { description: 'ACCESS_URL is not configured.', schema: errorSchema },
  },
};
