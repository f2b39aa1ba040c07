import type { Condition } from './condition.js';

/** Fulfilled by a string equal to the subject under evaluation; where a group stands for the subject, the group ID. */
export function equalsSubjectCondition(): Condition {
  return { options: {}, isFulfilled: (value, { subject }) => value === subject };
}
