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
};

/** A row of keys.audit. */
export type KeyAuditRow = {
  id: string;
  at: Date;
  action: 'read' | 'write' | 'delete';
  set_id: string;
  kid: string;
  version: string;
  peer: string;
  request_id: string;
};

/** A row of keys.key_check: what the database remembers of its system secret. */
export type KeyCheckRow = { key_id: string; verifier: string };

/** The one row of keys.revision. */
export type KeyRevisionRow = { only_row: boolean; value: string };

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
  },
});

const keyCheckTable = new EntitySchema<KeyCheckRow>({
  name: 'KeyCheck',
  schema: 'keys',
  tableName: 'key_check',
  columns: { key_id: { type: 'text', primary: true }, verifier: { type: 'text' } },
});

const keyRevisionTable = new EntitySchema<KeyRevisionRow>({
  name: 'KeyRevision',
  schema: 'keys',
  tableName: 'revision',
  columns: { only_row: { type: 'boolean', primary: true }, value: { type: 'bigint' } },
});

/** Tables of the keys component. */
export const keysTables = [keyTable, keyAuditTable, keyCheckTable, keyRevisionTable];
