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
  valid_from: Date | null;
  valid_until: Date | null;
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

/** A row of warden.policy_version, which triggers write; the driver answers bigint as text. */
export type PolicyVersionRow = {
  policy_id: string;
  version: string;
  revision: string;
  changed_at: Date;
  changed_by: string;
  reason: string;
  /** Parsed JSON. */
  body: unknown;
};

/** A row of warden.policy_import: an import that somebody opened. */
export type PolicyImportRow = { id: string; opened_by: string; opened_at: Date };

/** A row of warden.policy_import_item: a policy that waits for the commit of its import. */
export type PolicyImportItemRow = { import_id: string; policy_id: string; body: unknown };

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
    valid_from: { type: 'timestamptz', nullable: true },
    valid_until: { type: 'timestamptz', nullable: true },
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

const policyVersionTable = new EntitySchema<PolicyVersionRow>({
  name: 'PolicyVersion',
  schema: 'warden',
  tableName: 'policy_version',
  columns: {
    policy_id: { type: 'text', primary: true },
    version: { type: 'bigint', primary: true },
    revision: { type: 'bigint' },
    changed_at: { type: 'timestamptz' },
    changed_by: { type: 'text' },
    reason: { type: 'text' },
    body: { type: 'jsonb', nullable: true },
  },
});

const policyImportTable = new EntitySchema<PolicyImportRow>({
  name: 'PolicyImport',
  schema: 'warden',
  tableName: 'policy_import',
  columns: { id: { type: 'uuid', primary: true }, opened_by: { type: 'text' }, opened_at: { type: 'timestamptz' } },
});

const policyImportItemTable = new EntitySchema<PolicyImportItemRow>({
  name: 'PolicyImportItem',
  schema: 'warden',
  tableName: 'policy_import_item',
  columns: {
    import_id: { type: 'uuid', primary: true },
    policy_id: { type: 'text', primary: true },
    body: { type: 'jsonb' },
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
  policyVersionTable,
  policyImportTable,
  policyImportItemTable,
];
