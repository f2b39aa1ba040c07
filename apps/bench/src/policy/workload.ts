import type { AccessRequest, ConditionDefinition, Policy } from '@castellan/policy';

/** Policies, group memberships and access requests of one size; the same for the same size, on every machine. */
export type Workload = {
  readonly policies: readonly Policy[];
  readonly memberships: readonly { readonly groupId: string; readonly member: string }[];
  readonly requests: readonly AccessRequest[];
};

type Random = () => number;
type Parts = Pick<Policy, 'subjects' | 'resources' | 'actions'>;

const types = ['doc', 'invoice', 'project', 'ticket', 'report', 'device', 'image', 'order'];
const actions = ['read', 'list', 'create', 'update', 'delete', 'share', 'approve', 'export', 'comment', 'archive'];
const requestCount = 10_000;

/**
 * The mix of a large installation: most policies name one user and few resources, some name groups or whole trees, few
 * are broad. One in twenty denies, one in ten has a condition. Groups and organisations are hot at the head.
 */
export function makeWorkload(count: number): Workload {
  const random = seeded(42 + count);
  const world = { users: Math.max(5, count >> 1), groups: Math.max(2, count >> 5), orgs: Math.max(2, count >> 7) };
  const policies = Array.from({ length: count }, (_, index) => makePolicy(index, random, world));
  const memberships = makeMemberships(random, world);
  const members = new Map<string, string[]>();
  for (const { groupId, member } of memberships) {
    const known = members.get(groupId);
    if (known === undefined) members.set(groupId, [member]);
    else known.push(member);
  }
  const requests = Array.from({ length: requestCount }, () => makeRequest(policies, members, random, world));
  return { policies, memberships, requests };
}

type Sizes = { readonly users: number; readonly groups: number; readonly orgs: number };

function makePolicy(index: number, random: Random, sizes: Sizes): Policy {
  return {
    id: `policy-${index}`,
    description: '',
    effect: random() < 0.05 ? 'deny' : 'allow',
    ...makeParts(random, sizes),
    conditions: random() < 0.1 ? makeCondition(random) : {},
  };
}

function makeParts(random: Random, sizes: Sizes): Parts {
  const user = `user:${below(random, sizes.users)}`;
  const group = `group:${hot(random, sizes.groups)}`;
  const org = `${hot(random, sizes.orgs)}`;
  const type = pick(random, types);
  const exact = (): string => `rn:org:${org}:${type}:${below(random, 100_000)}`;
  const some = [pick(random, actions), ...(random() < 0.5 ? [pick(random, actions)] : [])];
  const roll = random();
  if (roll < 0.35) return { subjects: [user], resources: times(1 + below(random, 3), exact), actions: some };
  if (roll < 0.55) return { subjects: [group], resources: [`rn:org:${org}:${type}:<.*>`], actions: some };
  if (roll < 0.63)
    return { subjects: [user], resources: [`rn:org:<[^:]+>:${type}:${below(random, 100_000)}`], actions: some };
  if (roll < 0.7) return { subjects: [group], resources: [`rn:org:<[^:]+>:${type}:<.*>`], actions: some };
  if (roll < 0.78) {
    const subjects = [`user:<${below(random, sizes.users)}|${below(random, sizes.users)}>`];
    return { subjects, resources: [exact()], actions: ['<create|update>'] };
  }
  if (roll < 0.84) return { subjects: ['user:<[0-9]+>'], resources: [exact()], actions: some };
  if (roll < 0.88) return { subjects: ['<.*>'], resources: [exact()], actions: some };
  if (roll < 0.93) return { subjects: [user], resources: [`rn:org:${org}:${type}:<[0-9]{4,8}>`], actions: some };
  if (roll < 0.97) return { subjects: [user], resources: [exact()], actions: ['<.*>'] };
  if (roll < 0.998) return { subjects: [`group:admins-${org}`], resources: [`rn:org:${org}:<.*>`], actions: ['<.*>'] };
  return { subjects: ['<.*>'], resources: ['<.*>'], actions: [`rare-${below(random, 1000)}`] };
}

function makeCondition(random: Random): { [name: string]: ConditionDefinition } {
  const roll = random();
  if (roll < 0.4) return { ip: { type: 'CIDRCondition', options: { cidr: `10.${below(random, 4)}.0.0/16` } } };
  if (roll < 0.7) return { device: { type: 'StringEqualCondition', options: { equals: `d${below(random, 3)}` } } };
  if (roll < 0.9) return { owner: { type: 'EqualsSubjectCondition', options: {} } };
  return { pairs: { type: 'StringPairsEqualCondition', options: {} } };
}

function makeMemberships(random: Random, sizes: Sizes): Workload['memberships'] {
  const seen = new Map<string, { groupId: string; member: string }>();
  const add = (groupId: string): void => {
    const member = `user:${below(random, sizes.users)}`;
    seen.set(`${groupId} ${member}`, { groupId, member });
  };
  for (let turn = 0; turn < sizes.users; turn++) add(`group:${hot(random, sizes.groups)}`);
  for (let org = 0; org < sizes.orgs; org++) add(`group:admins-${org}`);
  return [...seen.values()];
}

/** Six in ten are made from a policy so that it matches, the others by chance. */
function makeRequest(
  policies: readonly Policy[],
  membersOf: ReadonlyMap<string, readonly string[]>,
  random: Random,
  sizes: Sizes,
): AccessRequest {
  const context = {
    ip: `10.${below(random, 4)}.3.4`,
    device: `d${below(random, 3)}`,
    owner: `user:${below(random, sizes.users)}`,
    pairs: random() < 0.5 ? [['a', 'a']] : [['a', 'b']],
  };
  if (random() < 0.66) {
    const policy = pick(random, policies);
    const subject = concrete(pick(random, policy.subjects), random);
    const members = membersOf.get(subject);
    return {
      subject: members === undefined ? subject : pick(random, members),
      resource: concrete(pick(random, policy.resources), random),
      action: concrete(pick(random, policy.actions), random),
      context: { ...context, ...(random() < 0.5 ? { owner: subject } : {}) },
      anonymous: false,
    };
  }
  return {
    subject: `user:${below(random, sizes.users)}`,
    resource: `rn:org:${hot(random, sizes.orgs)}:${pick(random, types)}:${below(random, 100_000)}`,
    action: pick(random, actions),
    context,
    anonymous: false,
  };
}

/** A text that the template matches. */
function concrete(template: string, random: Random): string {
  return template.replace(/<([^>]*)>/g, (_, expression: string) => {
    if (expression === '[0-9]{4,8}') return String(1000 + below(random, 90_000));
    if (expression === '[0-9]+' || expression === '[^:]+') return String(below(random, 1000));
    if (expression === '.*') return pick(random, actions);
    return pick(random, expression.split('|'));
  });
}

/** The generator mulberry32: small, and the same everywhere. */
function seeded(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function below(random: Random, bound: number): number {
  return Math.floor(random() * bound);
}

/** Below the bound with the logarithm spread evenly: the first are hot. */
function hot(random: Random, bound: number): number {
  return Math.floor(bound ** random()) - 1;
}

function pick<Item>(random: Random, items: readonly Item[]): Item {
  const item = items[below(random, items.length)];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
}

function times<Item>(count: number, make: () => Item): Item[] {
  return Array.from({ length: count }, make);
}
