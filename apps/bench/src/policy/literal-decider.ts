import { BlockList, isIP } from 'node:net';
import type { AccessRequest, ConditionDefinition, Policy } from '@castellan/policy';
import type { Workload } from './workload.js';

/**
 * The rule of the original read word by word, sharing no code with the engine: every policy is tried for the subject and
 * for each of its groups, every template is a regular expression, and one denial overrides every allowance. It may use
 * the language's own expressions, since the workload's are its own. Answers whether the request is allowed.
 */
export function createLiteralDecider({ policies, memberships }: Workload): (request: AccessRequest) => boolean {
  const groups = new Map<string, string[]>();
  for (const { groupId, member } of memberships) groups.set(member, [...(groups.get(member) ?? []), groupId]);
  const expressions = new Map<string, RegExp>();
  const matches = (templates: readonly string[], value: string): boolean =>
    templates.some((template) => {
      if (!template.includes('<')) return template === value;
      const known = expressions.get(template) ?? toExpression(template);
      expressions.set(template, known);
      return known.test(value);
    });
  return (request) => {
    let isAllowed = false;
    for (const subject of [request.subject, ...(groups.get(request.subject) ?? [])])
      for (const policy of policies) {
        if (!matches(policy.actions, request.action) || !matches(policy.subjects, subject)) continue;
        if (!matches(policy.resources, request.resource) || !fulfils(policy, request, subject)) continue;
        if (policy.effect === 'deny') return false;
        isAllowed = true;
      }
    return isAllowed;
  };
}

/** The template as one expression: what is in angle brackets is one, the rest is text. */
function toExpression(template: string): RegExp {
  const parts = template.split(/(<[^>]*>)/).map((part) => {
    if (part.startsWith('<')) return `(?:${part.slice(1, -1)})`;
    return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${parts.join('')}$`, 'u');
}

function fulfils(policy: Policy, { context }: AccessRequest, subject: string): boolean {
  return Object.entries(policy.conditions).every(([name, condition]) => holds(condition, context[name], subject));
}

function holds({ type, options }: ConditionDefinition, value: unknown, subject: string): boolean {
  switch (type) {
    case 'CIDRCondition': {
      const [network = '', length = ''] = String(options['cidr']).split('/');
      const block = new BlockList();
      block.addSubnet(network, Number(length), 'ipv4');
      return typeof value === 'string' && isIP(value) === 4 && block.check(value);
    }
    case 'StringEqualCondition':
      return value === options['equals'];
    case 'EqualsSubjectCondition':
      return value === subject;
    case 'StringPairsEqualCondition':
      return (
        Array.isArray(value) && value.every((pair) => Array.isArray(pair) && pair.length === 2 && pair[0] === pair[1])
      );
    default:
      throw new Error(`the workload has no ${type}`);
  }
}
