import { EntitySchema } from 'typeorm';

/** A row of warden.policy as the driver answers it. */
export type PolicyRow = {
  id: string;
  description: string;
  effect: string;
  subjects: string[];
  resources: string[];
  actions: string[];
  /** Parsed JSON. */
  conditions: unknown;
  created_at: Date;
  updated_at: Date;
};

/** A row of warden.subject_group. */
export type SubjectGroupRow = { id: string; created_at: Date };

/** A row of warden.subject_group_member. */
export type SubjectGroupMemberRow = { group_id: string; member: string };

/** The one row of warden.revision; the driver answers bigint as text. */
export type PolicyRevisionRow = { only_row: boolean; value: string; mark: string };

/** A row of warden.key_check: what the database remembers of the Warden's secret. */
export type WardenKeyCheckRow = { key_id: string; verifier: string };

/** A row of warden.revision_history; the driver answers bigint as text. */
export type RevisionHistoryRow = { value: string; mark: string };

/** A row of warden.policy_change, which triggers write. */
export type PolicyChangeRow = {
  id: string;
  revision: string;
  kind: string;
  policy_id: string | null;
  group_id: string | null;
  member: string | null;
};

const policyTable = new EntitySchema<PolicyRow>({
  name: 'Policy',
  schema: 'warden',
  tableName: 'policy',
  columns: {
    id: { type: 'text', primary: true },
    description: { type: 'text' },
    effect: { type: 'text' },
    subjects: { type: 'text', array: true },
    resources: { type: 'text', array: true },
    actions: { type: 'text', array: true },
    conditions: { type: 'jsonb' },
    created_at: { type: 'timestamptz' },
    updated_at: { type: 'timestamptz' },
  },
});

const subjectGroupTable = new EntitySchema<SubjectGroupRow>({
  name: 'SubjectGroup',
  schema: 'warden',
  tableName: 'subject_group',
  columns: { id: { type: 'text', primary: true }, created_at: { type: 'timestamptz' } },
});

const subjectGroupMemberTable = new EntitySchema<SubjectGroupMemberRow>({
  name: 'SubjectGroupMember',
  schema: 'warden',
  tableName: 'subject_group_member',
  columns: { group_id: { type: 'text', primary: true }, member: { type: 'text', primary: true } },
});

const policyRevisionTable = new EntitySchema<PolicyRevisionRow>({
  name: 'PolicyRevision',
  schema: 'warden',
  tableName: 'revision',
  columns: { only_row: { type: 'boolean', primary: true }, value: { type: 'bigint' }, mark: { type: 'uuid' } },
});

const wardenKeyCheckTable = new EntitySchema<WardenKeyCheckRow>({
  name: 'WardenKeyCheck',
  schema: 'warden',
  tableName: 'key_check',
  columns: { key_id: { type: 'text', primary: true }, verifier: { type: 'text' } },
});

const revisionHistoryTable = new EntitySchema<RevisionHistoryRow>({
  name: 'RevisionHistory',
  schema: 'warden',
  tableName: 'revision_history',
  columns: { value: { type: 'bigint', primary: true }, mark: { type: 'uuid' } },
});

const policyChangeTable = new EntitySchema<PolicyChangeRow>({
  name: 'PolicyChange',
  schema: 'warden',
  tableName: 'policy_change',
  columns: {
    id: { type: 'uuid', primary: true },
    revision: { type: 'bigint' },
    kind: { type: 'text' },
    policy_id: { type: 'text', nullable: true },
    group_id: { type: 'text', nullable: true },
    member: { type: 'text', nullable: true },
  },
});

/** Tables of the warden component. */
export const wardenTables = [
  policyTable,
  subjectGroupTable,
  subjectGroupMemberTable,
  policyRevisionTable,
  wardenKeyCheckTable,
  revisionHistoryTable,
  policyChangeTable,
];
