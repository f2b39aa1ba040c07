import { preparsePolicySet, statefulIsAuthorized } from '@cedar-policy/cedar-wasm/nodejs';
import type { AccessRequest, Policy } from '@castellan/policy';
import { newEnforcer, newModelFromString } from 'casbin';
import { prepareCastellan } from './castellan-engine.js';
import { createLiteralDecider } from './literal-decider.js';
import type { Workload } from './workload.js';

/** Whether an access request is allowed. */
export type Decide = (request: AccessRequest) => boolean;

/** A policy engine: made ready for a workload, it decides in process. */
export type Engine = {
  readonly name: string;
  /** Whether it knows the conditions and expressions of the workload exactly; others are held against no gate. */
  readonly exact: boolean;
  prepare(workload: Workload): Promise<Decide>;
};

/** The engines by the name under which they are asked for. */
export const engines = {
  castellan: { name: 'castellan', exact: true, prepare: async (workload) => prepareCastellan(workload) },
  literal: { name: 'literal decider', exact: true, prepare: async (workload) => createLiteralDecider(workload) },
  casbin: { name: 'casbin', exact: false, prepare: prepareCasbin },
  cedar: { name: 'cedar-wasm', exact: false, prepare: prepareCedar },
} as const satisfies Record<string, Engine>;

export type EngineKey = keyof typeof engines;

const model = `
[request_definition]
r = sub, obj, act, ctx
[policy_definition]
p = sub, obj, act, eft, cond
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = matches(r.act, p.act) && matches(r.sub, p.sub) && matches(r.obj, p.obj) && fulfils(r.ctx, p.cond)
`;

/** casbin with a matcher that caches its expressions; a policy becomes one line, its lists become alternatives. */
async function prepareCasbin({ policies, memberships }: Workload): Promise<Decide> {
  const enforcer = await newEnforcer(newModelFromString(model));
  const expressions = new Map<string, RegExp>();
  await enforcer.addFunction('matches', (value: string, text: string) => {
    const known = expressions.get(text) ?? new RegExp(text, 'u');
    expressions.set(text, known);
    return known.test(value);
  });
  const conditions = new Map(policies.map((policy) => [policy.id, policy]));
  await enforcer.addFunction('fulfils', (request: AccessRequest, id: string) => {
    const policy = conditions.get(id);
    if (policy === undefined || Object.keys(policy.conditions).length === 0) return true;
    const alone = { ...policy, subjects: ['<.*>'], resources: ['<.*>'], actions: ['<.*>'], effect: 'allow' as const };
    return createLiteralDecider({ policies: [alone], memberships: [], requests: [] })(request);
  });
  await enforcer.addPolicies(
    policies.map((policy) => [
      alternatives(policy.subjects),
      alternatives(policy.resources),
      alternatives(policy.actions),
      policy.effect,
      policy.id,
    ]),
  );
  const groups = groupsOf(memberships);
  return (request) =>
    [request.subject, ...(groups.get(request.subject) ?? [])].some((subject) =>
      enforcer.enforceSync(subject, request.resource, request.action, { ...request, subject }),
    );
}

/** Cedar with a pre-parsed policy set. Its `like` knows no character classes: those become `*`. */
async function prepareCedar({ policies, memberships }: Workload): Promise<Decide> {
  const staticPolicies = Object.fromEntries(policies.map((policy) => [policy.id, cedarText(policy)]));
  const parsed = preparsePolicySet('bench', { staticPolicies });
  if (parsed.type === 'failure') throw new Error(`cedar refuses the policies: ${JSON.stringify(parsed.errors[0])}`);
  const groups = groupsOf(memberships);
  return (request) => {
    const answer = statefulIsAuthorized({
      principal: { type: 'User', id: request.subject },
      action: { type: 'Action', id: request.action },
      resource: { type: 'Resource', id: request.resource },
      context: {
        subjects: [request.subject, ...(groups.get(request.subject) ?? [])],
        subject: request.subject,
        group: groups.get(request.subject)?.[0] ?? '',
        resource: request.resource,
        action: request.action,
        ip: String(request.context['ip']),
        device: String(request.context['device']),
        owner: String(request.context['owner']),
        pairs: JSON.stringify(request.context['pairs']) === '[["a","a"]]',
      },
      preparsedPolicySetId: 'bench',
      entities: [],
    });
    return answer.type === 'success' && answer.response.decision === 'allow';
  };
}

function cedarText(policy: Policy): string {
  const text = (words: string): string => JSON.stringify(words);
  const like = (value: string, templates: readonly string[]): string =>
    templates
      .flatMap(expand)
      .map((template) => (template.includes('*') ? `${value} like ${text(template)}` : `${value} == ${text(template)}`))
      .join(' || ');
  const subjects = policy.subjects
    .flatMap(expand)
    .map((template) =>
      template.includes('*')
        ? `context.subject like ${text(template)} || context.group like ${text(template)}`
        : `context.subjects.contains(${text(template)})`,
    )
    .join(' || ');
  const conditions = Object.values(policy.conditions).map(({ type, options }) => {
    if (type === 'CIDRCondition') return `ip(context.ip).isInRange(ip(${text(String(options['cidr']))}))`;
    if (type === 'StringEqualCondition') return `context.device == ${text(String(options['equals']))}`;
    return type === 'EqualsSubjectCondition' ? 'context.owner == context.subject' : 'context.pairs';
  });
  const clauses = [
    like('context.action', policy.actions),
    subjects,
    like('context.resource', policy.resources),
    ...conditions,
  ];
  const effect = policy.effect === 'allow' ? 'permit' : 'forbid';
  return `${effect} (principal, action, resource) when { ${clauses.map((clause) => `(${clause})`).join(' && ')} };`;
}

/** The literal alternatives of a template; every other expression becomes `*`. */
function expand(template: string): string[] {
  const found = /<([^>]*)>/.exec(template);
  if (found === null) return [template];
  const [whole, expression = ''] = found;
  const choices = /^[\w-]+(\|[\w-]+)+$/.test(expression) ? expression.split('|') : ['*'];
  return choices.flatMap((choice) => expand(template.replace(whole, choice)));
}

/** One expression for a list of templates. */
function alternatives(templates: readonly string[]): string {
  const one = (template: string): string =>
    template
      .split(/(<[^>]*>)/)
      .map((part) => (part.startsWith('<') ? `(?:${part.slice(1, -1)})` : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
      .join('');
  return `^(?:${templates.map(one).join('|')})$`;
}

function groupsOf(memberships: Workload['memberships']): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { groupId, member } of memberships) groups.set(member, [...(groups.get(member) ?? []), groupId]);
  return groups;
}
