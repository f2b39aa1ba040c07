import type { wardenV1 } from '@castellan/rpc';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';

import { objectSchema } from './json.js';

const text = z.string().min(1, 'must not be empty');
const properties = objectSchema.optional();
const entity = z.object({ type: text, id: text, properties });
const action = z.object({ name: text, properties });
const context = objectSchema.optional();

/** Body of an Access Evaluation Request (AuthZEN Authorization API 1.0, section 6.1). */
export const evaluationSchema = z.object({ subject: entity, action, resource: entity, context });

export type Evaluation = z.infer<typeof evaluationSchema>;

const semantics = ['execute_all', 'deny_on_first_deny', 'permit_on_first_permit'] as const;
export type EvaluationsSemantic = (typeof semantics)[number];

const partialEntity = entity.partial();
const partialEvaluation = z.object({
  subject: partialEntity.optional(),
  action: action.partial().optional(),
  resource: partialEntity.optional(),
  context,
});

/** Most evaluations in one request. */
export const maxEvaluations = 256;

/** Body of an Access Evaluations Request (section 7.1): what an evaluation leaves out is taken from the top. */
export const evaluationsSchema = partialEvaluation.extend({
  evaluations: z.array(partialEvaluation).max(maxEvaluations).optional(),
  options: z.looseObject({ evaluations_semantic: z.enum(semantics).default('execute_all') }).optional(),
});

type PartialMember = { readonly properties?: object | undefined };
type Problem = { readonly problem: string };

/** One evaluation with what the request says for all of them; a problem where something is missing altogether. */
export function completeEvaluation(
  defaults: z.infer<typeof partialEvaluation>,
  own: z.infer<typeof partialEvaluation>,
): Evaluation | Problem {
  const subject = completeMember('subject', entity, defaults.subject, own.subject);
  const done = completeMember('action', action, defaults.action, own.action);
  const resource = completeMember('resource', entity, defaults.resource, own.resource);
  if ('problem' in subject) return subject;
  if ('problem' in done) return done;
  if ('problem' in resource) return resource;
  return { subject, action: done, resource, context: own.context ?? defaults.context };
}

/**
 * A member of an evaluation overrides the one for all (section 7.1.1), properties included. One that leaves out its type,
 * ID or name takes that from above; then the properties must be said too, because a reader could think them inherited.
 */
function completeMember<M extends object>(
  name: string,
  schema: z.ZodType<M>,
  common: PartialMember | undefined,
  own: PartialMember | undefined,
): M | Problem {
  const given = own ?? common;
  if (given === undefined) return { problem: `${name} is missing` };
  const whole = schema.safeParse(given);
  if (whole.success) return whole.data;
  if (own !== undefined && own.properties === undefined && common?.properties !== undefined) {
    return { problem: `${name} is incomplete, and does not say whether the properties for all are its own` };
  }
  const completed = schema.safeParse({ ...common, ...own });
  if (completed.success) return completed.data;
  return { problem: `${name}.${completed.error.issues[0]?.path.join('.')} is missing` };
}

/**
 * The access request of an evaluation: the IDs and the name are subject, resource and action as policies write them.
 * Types and properties are for conditions, as members `subject.type` and `subject.properties.<name>` of the context; what
 * the caller writes there itself counts for nothing.
 */
export function toCheck({ subject, action: done, resource, context: given }: Evaluation): wardenV1.CheckRequest {
  const members = new Map<string, unknown>(Object.entries(given ?? {}));
  for (const name of members.keys()) if (/^(subject|resource|action)\./.test(name)) members.delete(name);
  members.set('subject.type', subject.type);
  members.set('resource.type', resource.type);
  for (const [name, value] of [
    ['subject', subject.properties],
    ['resource', resource.properties],
    ['action', done.properties],
  ] as const) {
    for (const [property, content] of Object.entries(value ?? {})) {
      members.set(`${name}.properties.${property}`, content);
    }
  }
  return {
    subject: subject.id,
    resource: resource.id,
    action: done.name,
    context: Object.fromEntries(members),
    anonymous: false,
  };
}

/** An Access Evaluation Response: the decision alone, or with what was wrong with the evaluation (section 7.2). */
export type EvaluationResponse = {
  readonly decision: boolean;
  readonly context?: { readonly error: { readonly status: number; readonly message: string } };
};

/** The response to an evaluation that cannot be decided. */
export function evaluationError(message: string): EvaluationResponse {
  return { decision: false, context: { error: { status: 400, message } } };
}

/** The responses that a semantic lets through: all, or those up to the first that settles it. */
export function applySemantic(
  responses: readonly EvaluationResponse[],
  semantic: EvaluationsSemantic,
): readonly EvaluationResponse[] {
  if (semantic === 'execute_all') return responses;
  const settles = semantic === 'permit_on_first_permit';
  const first = responses.findIndex(({ decision }) => decision === settles);
  return first < 0 ? responses : responses.slice(0, first + 1);
}

/** Paths of the AuthZEN API and of its metadata. */
export const authzenPath = /^\/(?:access\/v1|\.well-known\/authzen-configuration)(?:[/?]|$)/;

/** An identifier of a request that can go back as it came: any text of visible ASCII. */
const echoable = /^[\x21-\x7e](?:[\x20-\x7e]{0,254}[\x21-\x7e])?$/;

/** The caller's own request ID, which every response gives back as it is (section 10.1.3). */
export function requestIdHeader({ headers }: Pick<FastifyRequest, 'headers'>): Record<string, string> {
  const sent = headers['x-request-id'];
  return typeof sent === 'string' && echoable.test(sent) ? { 'x-request-id': sent } : {};
}

/** What comes after the well-known name in the URL of the metadata; empty for a decision point without a path. */
export function pathOfDecisionPoint(url: string): string {
  return new URL(url).pathname.replace(/\/+$/, '');
}

/** The metadata of the policy decision point (section 9), from its configured URL and nothing else. */
export function authzenMetadata(url: string): string {
  const base = url.replace(/\/+$/, '');
  return JSON.stringify({
    policy_decision_point: base,
    access_evaluation_endpoint: `${base}/access/v1/evaluation`,
    access_evaluations_endpoint: `${base}/access/v1/evaluations`,
  });
}
