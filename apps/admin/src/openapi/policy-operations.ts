import { named } from '@castellan/service';
import { z } from 'zod';

import { groupBodySchema, membersBodySchema } from '../group-json.js';
import { policyBodySchema } from '../policy-json.js';
import { rollbackBodySchema } from '../policy-history.http.js';
import { commitBodySchema, stageBodySchema } from '../policy-imports.http.js';
import { body, created, done, ok, optionalBody, type SomeOperations } from './admin-operation.js';
import { ifMatch } from './if-match.js';

const list = z.array(z.string());

const policySchema = named(
  'Policy',
  z.strictObject({
    ...named('PolicyBody', policyBodySchema).shape,
    id: z.string(),
    description: z.string(),
    subjects: list,
    effect: z.enum(['allow', 'deny']),
    resources: list,
    actions: list,
    conditions: z.record(z.string(), z.looseObject({ type: z.string() })),
  }),
);

const versionSchema = named(
  'PolicyVersion',
  z.strictObject({
    version: z.int(),
    revision: z.int().describe('The revision of all policies that this version came with.'),
    changed_at: z.iso.datetime(),
    changed_by: z.string(),
    reason: z.string(),
    policy: policySchema.nullable().describe('null where this version removed the policy.'),
  }),
);

const exportSchema = named(
  'PolicyExport',
  z.strictObject({ revision: z.int(), total: z.int(), policies: z.array(policySchema) }),
);
const importSchema = named('PolicyImport', z.strictObject({ id: z.string() }));
const stagedSchema = named(
  'StagedPolicies',
  z.strictObject({ staged: z.int().describe('How many policies the import holds now.') }),
);
const countsSchema = named(
  'PolicyImportCounts',
  z.strictObject({
    created: z.int(),
    updated: z.int(),
    removed: z.int(),
    unchanged: z.int(),
    revision: z.int().describe('The revision of all policies from now on.'),
  }),
);

const groupSchema = named('Group', z.strictObject({ id: z.string(), members: list.nullable() }));
const members = named('MembersBody', membersBodySchema);

const policies = 'policies';
const policy = { id: 'The ID of the policy.' };
const imported = { id: 'The ID of the import.' };
const groups = 'groups';
const group = { id: 'The ID of the group.' };
const headers = { 'If-Match': ifMatch };
const revisionTold = 'the revision of the policies in X-Castellan-Policy-Revision';

export const policyOperations = {
  listPolicies: { tag: policies, summary: 'List policies', answers: ok('A page of policies.', z.array(policySchema)) },
  createPolicy: {
    tag: policies,
    summary: 'Make a policy',
    description: 'Without an ID the server makes one.',
    body: body(policyBodySchema),
    answers: created(`The policy; its version is in ETag, ${revisionTold}.`, policySchema),
  },
  getPolicy: {
    tag: policies,
    summary: 'Read a policy',
    parameters: policy,
    answers: ok('The policy; its version is in ETag.', policySchema),
  },
  putPolicy: {
    tag: policies,
    summary: 'Replace a policy',
    parameters: policy,
    headers,
    body: body(policyBodySchema),
    answers: ok(`The policy as it is now; its version is in ETag, ${revisionTold}.`, policySchema),
    refusals: [412],
  },
  deletePolicy: {
    tag: policies,
    summary: 'Remove a policy',
    parameters: policy,
    headers,
    answers: done(`It is gone; ${revisionTold}.`),
    refusals: [412],
  },
  listPolicyVersions: {
    tag: policies,
    summary: 'List the versions of a policy, the newest first',
    parameters: policy,
    answers: ok('A page of versions.', z.array(versionSchema)),
  },
  rollBackPolicy: {
    tag: policies,
    summary: 'Make a policy again what it was in a version',
    parameters: policy,
    body: body(named('RollbackBody', rollbackBodySchema)),
    answers: ok(`The policy as it is now; its version is in ETag, ${revisionTold}.`, policySchema),
  },
  exportPolicies: {
    tag: policies,
    summary: 'Read all policies of one revision, in pages',
    answers: ok('A page of policies, by ID.', exportSchema),
  },
  beginPolicyImport: {
    tag: policies,
    summary: 'Begin an import of policies, which changes nothing before its commit',
    answers: created('The import.', importSchema),
  },
  stagePolicies: {
    tag: policies,
    summary: 'Put policies into an import',
    parameters: imported,
    body: body(named('StagePoliciesBody', stageBodySchema)),
    answers: ok('How far the import is.', stagedSchema),
  },
  commitPolicyImport: {
    tag: policies,
    summary: 'Make an import the policies, as a whole or not at all',
    parameters: imported,
    body: optionalBody(named('CommitPolicyImportBody', commitBodySchema)),
    answers: ok('What became of the policies.', countsSchema),
    refusals: [412],
  },
  abortPolicyImport: {
    tag: policies,
    summary: 'Throw an import away',
    parameters: imported,
    answers: done('It is gone.'),
  },

  findGroups: {
    tag: groups,
    summary: 'List the groups that a subject is a member of',
    answers: ok('The IDs of the groups.', list.nullable()),
  },
  createGroup: {
    tag: groups,
    summary: 'Make a group',
    body: body(named('GroupBody', groupBodySchema)),
    answers: created(`The group; ${revisionTold}.`, groupSchema),
  },
  getGroup: { tag: groups, summary: 'Read a group', parameters: group, answers: ok('The group.', groupSchema) },
  deleteGroup: {
    tag: groups,
    summary: 'Remove a group',
    parameters: group,
    answers: done(`It is gone; ${revisionTold}.`),
  },
  addMembers: {
    tag: groups,
    summary: 'Add members to a group',
    parameters: group,
    body: body(members),
    answers: done(`They are members; ${revisionTold}.`),
  },
  removeMembers: {
    tag: groups,
    summary: 'Take members from a group',
    parameters: group,
    body: body(members),
    answers: done(`They are members no more; ${revisionTold}.`),
  },
} as const satisfies SomeOperations;
