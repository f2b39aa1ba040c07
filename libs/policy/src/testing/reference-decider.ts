import type { AccessRequest } from '../access-request.js';
import type { Decision } from '../decision.js';
import type { Group } from '../group.js';
import type { Policy } from '../policy.js';

/**
 * The rule of section 4.2 written down again, as plainly as possible and sharing no code with the engine: collect every
 * policy that matches for the subject or one of its groups, then look whether one of them denies. It knows templates of
 * literal text, `<.*>` and `<.+>` and `<[^:]+>` and `<[0-9]+>` and `<a|b>`, and StringEqual and EqualsSubject conditions.
 * A policy with a validity counts from its first instant on and before its last.
 */
export function decideByReference(
  policies: readonly Policy[],
  groups: readonly Group[],
  request: AccessRequest,
  now = 0,
): Decision {
  if (request.resource === '' || request.action === '') return { allowed: false, reason: 'default' };
  if (request.anonymous !== (request.subject === '')) return { allowed: false, reason: 'default' };
  const groupIds = groups
    .filter((group) => !request.anonymous && group.members.includes(request.subject))
    .map(({ id }) => id);
  const matching = [request.subject, ...groupIds].flatMap((subject) =>
    policies.filter(
      (policy) =>
        (policy.validFrom === undefined || policy.validFrom <= now) &&
        (policy.validUntil === undefined || policy.validUntil > now) &&
        policy.subjects.some((template) => matchesTemplate(template, subject)) &&
        policy.resources.some((template) => matchesTemplate(template, request.resource)) &&
        policy.actions.some((template) => matchesTemplate(template, request.action)) &&
        Object.entries(policy.conditions).every(([name, { type, options }]) => {
          const value = Object.entries(request.context).find(([key]) => key === name)?.[1];
          return type === 'EqualsSubjectCondition'
            ? value === subject
            : value !== undefined && value === options.equals;
        }),
    ),
  );
  if (matching.some(({ effect }) => effect === 'deny')) return { allowed: false, reason: 'explicit' };
  if (matching.some(({ effect }) => effect === 'allow')) return { allowed: true };
  return { allowed: false, reason: 'default' };
}

function matchesTemplate(template: string, value: string): boolean {
  const open = template.indexOf('<');
  if (open < 0) return template === value;
  const close = template.indexOf('>', open);
  const head = template.slice(0, open);
  if (!value.startsWith(head)) return false;
  // Backtracking: try every length that the first expression can take.
  for (let end = head.length; end <= value.length; end++) {
    const taken = value.slice(head.length, end);
    if (matchesExpression(template.slice(open + 1, close), taken)) {
      if (matchesTemplate(template.slice(close + 1), value.slice(end))) return true;
    }
  }
  return false;
}

function matchesExpression(expression: string, text: string): boolean {
  if (expression === '.*') return !text.includes('\n');
  if (expression === '.+') return text !== '' && !text.includes('\n');
  if (expression === '[^:]+') return text !== '' && !text.includes(':');
  if (expression === '[0-9]+') return text !== '' && [...text].every((character) => '0123456789'.includes(character));
  if (expression.includes('|')) return expression.split('|').includes(text);
  throw new Error(`the reference does not know <${expression}>`);
}
