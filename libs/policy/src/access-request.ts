import type { JsonObject, JsonValue } from './json.js';
import { findUnstorable } from './text.js';

/** A question: may the subject do the action on the resource, given the context? */
export type AccessRequest = {
  /** Who; empty only when anonymous. */
  readonly subject: string;
  readonly resource: string;
  readonly action: string;
  /** Values for the conditions, by own members. */
  readonly context: JsonObject;
  /** Nobody is known to ask. Only then may a template such as `<.*>` match the empty subject. */
  readonly anonymous: boolean;
};

/** Longest subject, resource or action, in UTF-16 units; it bounds what matching can cost. */
export const maxSubjectLength = 4096;
/** Most members and elements in a context, over all levels, and the most text in it in UTF-16 units. */
export const maxContextValues = 1000;
export const maxContextLength = 65_536;
/** Deepest context; each level is three of the hundred that a protobuf message may nest. */
export const maxContextDepth = 16;

/** What is wrong with an access request, in words for its sender; undefined when it can be decided. */
export function findAccessRequestProblem(request: AccessRequest): string | undefined {
  if (request.anonymous && request.subject !== '') return 'subject must be empty in an anonymous request';
  return (
    (request.anonymous ? undefined : findTextProblem('subject', request.subject)) ??
    findTextProblem('resource', request.resource) ??
    findTextProblem('action', request.action) ??
    findContextProblem(request.context)
  );
}

function findTextProblem(member: string, text: string): string | undefined {
  if (text === '') return `${member} must not be empty`;
  if (text.length > maxSubjectLength) return `${member} must not be longer than ${maxSubjectLength} characters`;
  if (findUnstorable(text) >= 0) return `${member} holds NUL or a lone surrogate`;
  return undefined;
}

/** What is still allowed of a context. Checks are synchronous and never nest, so that one serves all of them. */
const left = { values: 0, length: 0 };

function findContextProblem(context: JsonObject): string | undefined {
  left.values = maxContextValues;
  left.length = maxContextLength;
  return findValueProblem(context, 0);
}

function findValueProblem(value: JsonValue | undefined, depth: number): string | undefined {
  if (depth > maxContextDepth) return `context must not be deeper than ${maxContextDepth} levels`;
  if (--left.values < 0) return `context must not hold more than ${maxContextValues} values`;
  if (typeof value === 'string') return findLengthProblem(value);
  if (value === null || typeof value === 'boolean') return undefined;
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : 'context holds a number that JSON has not';
  if (typeof value !== 'object') return 'context holds a value that JSON has not';
  return Array.isArray(value)
    ? findElementProblem(value as readonly JsonValue[], depth)
    : findMemberProblem(value as JsonObject, depth);
}

/** Each element is looked at before the next, so that the budget ends the walk early. */
function findElementProblem(list: readonly JsonValue[], depth: number): string | undefined {
  for (const element of list) {
    const problem = findValueProblem(element, depth + 1);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function findMemberProblem(members: JsonObject, depth: number): string | undefined {
  // Without the list that Object.keys makes; what is inherited is passed over.
  for (const name in members) {
    if (!Object.hasOwn(members, name)) continue;
    const problem = findLengthProblem(name) ?? findValueProblem(members[name], depth + 1);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function findLengthProblem(text: string): string | undefined {
  left.length -= text.length;
  if (left.length >= 0 && findUnstorable(text) >= 0) return 'context holds NUL or a lone surrogate';
  return left.length < 0 ? `context must not be longer than ${maxContextLength} characters` : undefined;
}
