import { EntitySchema } from 'typeorm';

/** A row of keys.key as the driver answers it. */
export type KeyRow = {
  set_id: string;
  kid: string;
  /** bigint: the driver answers text. */
  version: string;
  position: number;
  part: 'private' | 'public' | 'secret';
  algorithm: string;
  key_use: string;
  sealed: Buffer;
  created_at: Date;
  /** Null, as all times below, for keys that no life cycle moves. */
  state: 'staged' | 'published' | 'active' | 'retiring' | null;
  staged_at: Date | null;
  published_at: Date | null;
  active_at: Date | null;
  retiring_at: Date | null;
  due_at: Date | null;
};

/** A row of keys.audit. */
export type KeyAuditRow = {
  id: string;
  at: Date;
  action: 'read' | 'write' | 'delete' | 'state';
  set_id: string;
  kid: string;
  version: string;
  peer: string;
  request_id: string;
  /** The state that the key came into, or `retired`; null where it has no life cycle. */
  state: 'staged' | 'published' | 'active' | 'retiring' | 'retired' | null;
};

/** A row of keys.key_check: what the database remembers of its system secret. */
export type KeyCheckRow = { key_id: string; verifier: string; registered_at: Date };

/** The one row of keys.revision. */
export type KeyRevisionRow = { only_row: boolean; value: string };

/** A row of keys.signature_count. */
export type SignatureCountRow = { set_id: string; kid: string; day: string; signatures: string };

const keyTable = new EntitySchema<KeyRow>({
  name: 'Key',
  schema: 'keys',
  tableName: 'key',
  columns: {
    set_id: { type: 'text', primary: true },
    kid: { type: 'text', primary: true },
    version: { type: 'bigint' },
    position: { type: 'integer' },
    part: { type: 'text' },
    algorithm: { type: 'text' },
    key_use: { type: 'text' },
    sealed: { type: 'bytea' },
    created_at: { type: 'timestamptz' },
    state: { type: 'text', nullable: true },
    staged_at: { type: 'timestamptz', nullable: true },
    published_at: { type: 'timestamptz', nullable: true },
    active_at: { type: 'timestamptz', nullable: true },
    retiring_at: { type: 'timestamptz', nullable: true },
    due_at: { type: 'timestamptz', nullable: true },
  },
});

const keyAuditTable = new EntitySchema<KeyAuditRow>({
  name: 'KeyAudit',
  schema: 'keys',
  tableName: 'audit',
  columns: {
    id: { type: 'bigint', primary: true, generated: true },
    at: { type: 'timestamptz' },
    action: { type: 'text' },
    set_id: { type: 'text' },
    kid: { type: 'text' },
    version: { type: 'bigint' },
    peer: { type: 'text' },
    request_id: { type: 'text' },
    state: { type: 'text', nullable: true },
  },
});

const keyCheckTable = new EntitySchema<KeyCheckRow>({
  name: 'KeyCheck',
  schema: 'keys',
  tableName: 'key_check',
  columns: {
    key_id: { type: 'text', primary: true },
    verifier: { type: 'text' },
    registered_at: { type: 'timestamptz' },
  },
});

const keyRevisionTable = new EntitySchema<KeyRevisionRow>({
  name: 'KeyRevision',
  schema: 'keys',
  tableName: 'revision',
  columns: { only_row: { type: 'boolean', primary: true }, value: { type: 'bigint' } },
});

const signatureCountTable = new EntitySchema<SignatureCountRow>({
  name: 'SignatureCount',
  schema: 'keys',
  tableName: 'signature_count',
  columns: {
    set_id: { type: 'text', primary: true },
    kid: { type: 'text', primary: true },
    day: { type: 'date', primary: true },
    signatures: { type: 'bigint' },
  },
});

/** Tables of the keys component. */
export const keysTables = [keyTable, keyAuditTable, keyCheckTable, keyRevisionTable, signatureCountTable];
