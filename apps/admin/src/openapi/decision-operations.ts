import { named } from '@castellan/service';
import { z } from 'zod';

import { evaluationSchema, evaluationsSchema } from '../authzen-json.js';
import { introspectionFormSchema } from '../admin-tokens.http.js';
import { tokenExplainBodySchema } from '../token-explanation-json.js';
import { allowedBodySchema, tokenAllowedBodySchema } from '../warden-json.js';
import { body, done, ok, type SomeOperations } from './admin-operation.js';

const list = z.array(z.string());
const allowed = z.boolean();

const allowedSchema = named('Decision', z.strictObject({ allowed }));
const tokenAllowedSchema = named(
  'TokenDecision',
  z.union([
    allowedSchema,
    z.strictObject({
      sub: z.string(),
      scopes: list,
      iss: z.string(),
      aud: z.string().describe('The client ID.'),
      iat: z.iso.datetime(),
      exp: z.iso.datetime(),
      ext: z.looseObject({}).nullable(),
      allowed: z.literal(true),
    }),
  ]),
);

const explanationSchema = named(
  'Explanation',
  z.strictObject({
    allowed,
    reason: z.enum(['default', 'explicit', 'policy_invalid']).nullable(),
    revision: z.int(),
    decision_us: z.number().describe('Microseconds that the decision took.'),
    subjects: list.describe('The subject and its groups, in the order in which they were tried.'),
    policies: z.array(
      z.strictObject({
        id: z.string(),
        effect: z.string(),
        subject: z.string(),
        unfulfilled_condition: z.string().nullable(),
        outside_validity: z.string().nullable().optional(),
        valid_from: z.string().nullable().optional(),
        valid_until: z.string().nullable().optional(),
      }),
    ),
    truncated: z.boolean(),
    nearest_miss: z
      .strictObject({ id: z.string(), subject: z.string(), part: z.string(), condition: z.string().nullable() })
      .nullable(),
  }),
);

const recordedSchema = named(
  'RecordedDecision',
  z.strictObject({
    decided_at: z.string().describe('RFC 3339.'),
    door: z.string().describe('Which door of the Warden was asked.'),
    caller: z.string(),
    request_id: z.string(),
    subject: z.string(),
    client_id: z.string(),
    resource: z.string(),
    action: z.string(),
    context: z.looseObject({}),
    redacted: list.describe('Members of the context that were not recorded.'),
    groups: list,
    allowed,
    reason: z.string().nullable(),
    revision: z.int(),
  }),
);

const time = z.iso.datetime().nullable();
const tokenExplanationSchema = named(
  'TokenExplanation',
  z.strictObject({
    valid: z.boolean(),
    type: z.string().nullable(),
    format: z.string().nullable(),
    reasons: list,
    client_id: z.string().nullable(),
    subject: z.string().nullable(),
    scopes: list,
    audience: list,
    issued_at: time,
    expires_at: time,
    family: z
      .strictObject({ id: z.string(), scopes: list, created_at: time, expires_at: time, revoked_at: time })
      .nullable(),
    issuance: z.strictObject({ decision_id: z.string(), policy_revision: z.int() }).nullable(),
    access: z
      .strictObject({
        allowed,
        action: z.string(),
        resource: z.string(),
        missing_scopes: list,
        policies: explanationSchema,
      })
      .nullable(),
  }),
);

const evaluationResponseSchema = named(
  'Evaluation',
  z.strictObject({
    decision: z.boolean(),
    context: z.strictObject({ error: z.strictObject({ status: z.int(), message: z.string() }) }).optional(),
  }),
);
const evaluationsResponseSchema = named(
  'Evaluations',
  z.union([evaluationResponseSchema, z.strictObject({ evaluations: z.array(evaluationResponseSchema) })]),
);

const inspectionSchema = named(
  'TokenInspection',
  z.union([
    z.strictObject({ active: z.literal(false) }),
    z.strictObject({
      active: z.literal(true),
      scope: z.string(),
      client_id: z.string(),
      sub: z.string(),
      exp: z.int(),
      iat: z.int(),
      nbf: z.int(),
      aud: list,
      iss: z.string(),
      token_type: z.literal('Bearer'),
      token_use: z.string(),
      ext: z.looseObject({}).optional(),
    }),
  ]),
);

const bytes = z.int();
const statisticsSchema = named(
  'Statistics',
  z.strictObject({
    requests: z.int(),
    responses: z.int(),
    id: z.string(),
    uptime: z.int().describe('Seconds.'),
    memory: z.strictObject({
      alloc: bytes,
      sys: bytes,
      heapAlloc: bytes,
      heapSys: bytes,
      heapIdle: bytes,
      heapInuse: bytes,
    }),
  }),
);

const warden = 'warden';
const authzen = 'AuthZEN';

export const decisionOperations = {
  allowed: {
    tag: warden,
    summary: 'Ask whether a subject may do something',
    description: 'A denial is an answer, 200; so is a request without a name in it, which is denied.',
    body: body(named('AccessRequest', allowedBodySchema)),
    answers: ok('The decision.', allowedSchema),
  },
  tokenAllowed: {
    tag: warden,
    summary: 'Ask whether an access token is valid, has scopes, and its subject may do something',
    body: body(named('TokenAccessRequest', tokenAllowedBodySchema)),
    answers: ok('The decision, with what the token says when it is allowed.', tokenAllowedSchema),
  },
  explain: {
    tag: warden,
    summary: 'Ask what leads to a decision',
    body: body(allowedBodySchema),
    answers: ok('The decision and the policies that have to do with it.', explanationSchema),
  },
  listDecisions: {
    tag: warden,
    summary: 'List decisions that were recorded, the latest first',
    answers: ok(
      'A page of decisions.',
      named('RecordedDecisions', z.strictObject({ decisions: z.array(recordedSchema), next: z.string().nullable() })),
    ),
  },
  accessEvaluation: {
    tag: authzen,
    summary: 'Evaluate an access (AuthZEN Authorization API 1.0 section 6)',
    body: body(named('EvaluationRequest', evaluationSchema)),
    answers: ok('The decision.', evaluationResponseSchema),
  },
  accessEvaluations: {
    tag: authzen,
    summary: 'Evaluate several accesses at one revision of the policies (section 7)',
    body: body(named('EvaluationsRequest', evaluationsSchema)),
    answers: ok('The decisions in the order of the requests.', evaluationsResponseSchema),
  },
  explainToken: {
    tag: 'tokens',
    summary: 'Say everything about a token, and what it would open',
    body: body(named('TokenExplanationRequest', tokenExplainBodySchema)),
    answers: ok('What is known of the token.', tokenExplanationSchema),
  },
  introspectOAuth2Token: {
    tag: 'tokens',
    summary: 'Introspect an access or refresh token (RFC 7662)',
    body: body(named('IntrospectionForm', introspectionFormSchema), 'application/x-www-form-urlencoded'),
    answers: ok('What is known of the token; of one that is not active nothing.', inspectionSchema),
  },
  deleteOAuth2Token: {
    tag: 'tokens',
    summary: 'End every grant and token of a client',
    answers: done('They have ended.'),
  },
  healthStats: {
    tag: 'process',
    summary: 'Statistics of the process that answers',
    answers: ok('The statistics.', statisticsSchema),
  },
} as const satisfies SomeOperations;
