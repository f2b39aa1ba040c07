import { EntitySchema } from 'typeorm';

/** A row of token.client as the driver answers it. */
export type ClientRow = {
  id: string;
  uid: string;
  /** bigint: the driver answers text. */
  revision: string;
  name: string;
  redirect_uris: string[];
  grant_types: string[];
  response_types: string[];
  scopes: string[];
  owner: string;
  policy_uri: string;
  tos_uri: string;
  client_uri: string;
  logo_uri: string;
  contacts: string[];
  public: boolean;
  token_endpoint_auth_method: string | null;
  require_pkce: boolean;
  /** Optional members of a client, by their names in the domain. */
  settings: object;
  secret_kind: string | null;
  secret_hash: string | null;
  secret_expires_at: Date | null;
  secret_last_used_at: Date | null;
  previous_secret_kind: string | null;
  previous_secret_hash: string | null;
  previous_secret_expires_at: Date | null;
  previous_secret_last_used_at: Date | null;
  created_at: Date;
  updated_at: Date;
};

/** A row of token.key_check: what the database remembers of the service's secret. */
export type TokenKeyCheckRow = { key_id: string; verifier: string };

export const clientTable = new EntitySchema<ClientRow>({
  name: 'Client',
  schema: 'token',
  tableName: 'client',
  columns: {
    id: { type: 'text', primary: true },
    uid: { type: 'uuid', insert: false, update: false },
    revision: { type: 'bigint', insert: false },
    name: { type: 'text' },
    redirect_uris: { type: 'text', array: true },
    grant_types: { type: 'text', array: true },
    response_types: { type: 'text', array: true },
    scopes: { type: 'text', array: true },
    owner: { type: 'text' },
    policy_uri: { type: 'text' },
    tos_uri: { type: 'text' },
    client_uri: { type: 'text' },
    logo_uri: { type: 'text' },
    contacts: { type: 'text', array: true },
    public: { type: 'boolean' },
    token_endpoint_auth_method: { type: 'text', nullable: true },
    require_pkce: { type: 'boolean' },
    settings: { type: 'jsonb' },
    secret_kind: { type: 'text', nullable: true },
    secret_hash: { type: 'text', nullable: true },
    secret_expires_at: { type: 'timestamptz', nullable: true, insert: false },
    secret_last_used_at: { type: 'timestamptz', nullable: true, insert: false },
    previous_secret_kind: { type: 'text', nullable: true, insert: false },
    previous_secret_hash: { type: 'text', nullable: true, insert: false },
    previous_secret_expires_at: { type: 'timestamptz', nullable: true, insert: false },
    previous_secret_last_used_at: { type: 'timestamptz', nullable: true, insert: false },
    created_at: { type: 'timestamptz', insert: false, update: false },
    updated_at: { type: 'timestamptz', insert: false },
  },
});

export const tokenKeyCheckTable = new EntitySchema<TokenKeyCheckRow>({
  name: 'TokenKeyCheck',
  schema: 'token',
  tableName: 'key_check',
  columns: { key_id: { type: 'text', primary: true }, verifier: { type: 'text' } },
});

/** The tables that are read and written through TypeORM; those of tokens have hand-written statements. */
export const tokenTables: EntitySchema[] = [clientTable, tokenKeyCheckTable] as EntitySchema[];
