import {
  type AccessRequest,
  findAccessRequestProblem,
  parseBound,
  PolicyError,
  validateGroup,
} from '@castellan/policy';
import { z } from 'zod';
import { CommandError } from '../terminal.js';

const caseSchema = z.strictObject({
  name: z.string().optional(),
  subject: z.string(),
  action: z.string(),
  resource: z.string(),
  context: z.record(z.string(), z.json()).default({}),
  /** The time of the decision, RFC 3339; now where absent. */
  at: z.string().optional(),
  allowed: z.boolean(),
  /** Why not: `default` or `explicit`; any, where absent. */
  reason: z.enum(['default', 'explicit']).optional(),
});

const fileSchema = z.strictObject({
  groups: z.array(z.strictObject({ id: z.string(), members: z.array(z.string()) })).default([]),
  cases: z.array(caseSchema).min(1),
});

/** A question with the answer that policies are expected to give. */
export type PolicyCase = {
  readonly name: string;
  readonly request: AccessRequest;
  /** Milliseconds since the epoch. */
  readonly at: number | undefined;
  readonly allowed: boolean;
  readonly reason: 'default' | 'explicit' | undefined;
};

export type PolicyCases = {
  readonly cases: readonly PolicyCase[];
  readonly groups: readonly { readonly id: string; readonly members: readonly string[] }[];
};

/** Reads cases: a list of them, or an object with `cases` and perhaps `groups`. Throws CommandError that names the case. */
export function readCases(path: string, content: unknown): PolicyCases {
  const parsed = fileSchema.safeParse(Array.isArray(content) ? { cases: content } : content);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new CommandError(`${path}: ${issue?.path.join('.') || 'cases'}: ${issue?.message ?? 'malformed'}`);
  }
  try {
    return { groups: parsed.data.groups.map(validateGroup), cases: parsed.data.cases.map(readCase) };
  } catch (error) {
    throw error instanceof PolicyError ? new CommandError(`${path}: ${error.message}`) : error;
  }
}

function readCase(one: z.infer<typeof caseSchema>, index: number): PolicyCase {
  const { subject, action, resource, context, allowed, reason } = one;
  const request: AccessRequest = { subject, action, resource, context, anonymous: false };
  const problem = findAccessRequestProblem(request);
  if (problem !== undefined) throw new PolicyError(`cases[${index}]`, problem);
  if (allowed && reason !== undefined) throw new PolicyError(`cases[${index}]`, 'what is allowed has no reason');
  const at = parseBound('valid_from', one.at ?? '');
  return { name: one.name ?? `${subject} ${action} ${resource}`, request, at, allowed, reason };
}
