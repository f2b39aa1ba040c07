import type { Client, ClientSecretHash, ClientStore, StoredClient } from '@castellan/oauth2';
import { type EntityManager, MoreThan } from 'typeorm';
import { createBatcher } from '../batch.js';
import type { Database } from '../database.js';
import { clientTable, type ClientRow } from './tables.js';
import { advisoryLocks } from '../advisory-locks.js';

/** Clients in PostgreSQL. Concurrent look-ups share one statement; the rest is administration. */
export function createClientStore(database: Database): ClientStore {
  const repository = database.dataSource.getRepository(clientTable);

  const find = createBatcher<string, StoredClient | undefined>({
    async run(ids) {
      const rows = await database.query<ClientRow>(
        'token.client.find',
        'SELECT * FROM token.client WHERE id = ANY($1::text[])',
        [[...new Set(ids)]],
      );
      const found = new Map(rows.map((row) => [row.id, toClient(row)]));
      return ids.map((id) => found.get(id));
    },
  });

  return {
    find,

    insert: (client, secret) => insertClient(database.dataSource.manager, client, secret),

    insertFirst: (client, secret) =>
      database.dataSource.transaction(async (manager) => {
        await manager.query('SELECT pg_advisory_xact_lock($1)', [advisoryLocks.firstClient]);
        return !(await manager.exists(clientTable)) && insertClient(manager, client, secret);
      }),

    async list({ after, limit, name, owner }) {
      const rows = await repository.find({
        where: {
          id: MoreThan(after),
          ...(name !== undefined ? { name } : {}),
          ...(owner !== undefined ? { owner } : {}),
        },
        order: { id: 'ASC' },
        ...(limit > 0 ? { take: limit } : {}),
      });
      return rows.map(toClient);
    },

    async update(client, secret, revision) {
      const result = await repository
        .createQueryBuilder()
        .update()
        .set({
          ...toColumns(client),
          ...(secret === 'keep'
            ? {}
            : { ...secretColumns(secret === 'none' ? undefined : secret), ...endedSecretColumns }),
          revision: () => 'revision + 1',
          updated_at: () => 'token.castellan_now()',
        })
        .where('id = :id AND (:revision::bigint IS NULL OR revision = :revision::bigint)', {
          id: client.id,
          revision: revision ?? null,
        })
        .execute();
      return result.affected === 1;
    },

    async rotateSecret(id, secret, { overlapMs, lifetimeMs }) {
      const rows = await database.query('token.client.rotate_secret', rotateSecret, [
        id,
        secret.kind,
        secret.hash,
        overlapMs,
        lifetimeMs ?? null,
      ]);
      return rows.length === 1;
    },

    async endPreviousSecret(id) {
      const rows = await database.query('token.client.end_previous_secret', endPreviousSecret, [id]);
      return rows.length === 1;
    },

    async noteSecretUse(uid, slot) {
      const column = slot === 'current' ? 'secret_last_used_at' : 'previous_secret_last_used_at';
      await database.query(
        `token.client.note_${slot}_secret`,
        `UPDATE token.client SET ${column} = token.castellan_now() WHERE uid = $1::uuid`,
        [uid],
      );
    },

    async replaceVerifier(uid, slot, { from, to }) {
      const prefix = slot === 'current' ? '' : 'previous_';
      const rows = await database.query(
        `token.client.replace_${slot}_verifier`,
        `UPDATE token.client SET ${prefix}secret_kind = $4, ${prefix}secret_hash = $5
          WHERE uid = $1::uuid AND ${prefix}secret_kind = $2 AND ${prefix}secret_hash = $3 RETURNING uid`,
        [uid, from.kind, from.hash, to.kind, to.hash],
      );
      return rows.length === 1;
    },

    async remove(id) {
      const result = await repository.delete({ id });
      return result.affected === 1;
    },
  };
}

/** The secret that is replaced never goes on for longer than it would have. */
const rotateSecret = `
  UPDATE token.client c SET
         revision = c.revision + 1, updated_at = clock.now,
         previous_secret_kind = CASE WHEN $4::float8 > 0 THEN c.secret_kind END,
         previous_secret_hash = CASE WHEN $4::float8 > 0 THEN c.secret_hash END,
         previous_secret_expires_at = CASE WHEN $4::float8 > 0
           THEN least(clock.now + $4::float8 * interval '1 millisecond', c.secret_expires_at) END,
         previous_secret_last_used_at = CASE WHEN $4::float8 > 0 THEN c.secret_last_used_at END,
         secret_kind = $2, secret_hash = $3, secret_last_used_at = NULL,
         secret_expires_at = clock.now + $5::float8 * interval '1 millisecond'
    FROM (SELECT token.castellan_now() AS now) clock
   WHERE c.id = $1 AND c.secret_hash IS NOT NULL
  RETURNING c.id`;

/** A client without a previous secret is found and left as it is. */
const endPreviousSecret = `
  WITH ended AS (
    UPDATE token.client SET
           revision = revision + 1, updated_at = token.castellan_now(),
           previous_secret_kind = NULL, previous_secret_hash = NULL,
           previous_secret_expires_at = NULL, previous_secret_last_used_at = NULL
     WHERE id = $1 AND previous_secret_hash IS NOT NULL)
  SELECT id FROM token.client WHERE id = $1`;

const endedSecretColumns = {
  secret_expires_at: null,
  secret_last_used_at: null,
  previous_secret_kind: null,
  previous_secret_hash: null,
  previous_secret_expires_at: null,
  previous_secret_last_used_at: null,
};

function toColumns(client: Client) {
  const {
    id: _id,
    name: _name,
    redirectUris: _redirectUris,
    grantTypes: _grantTypes,
    responseTypes: _responseTypes,
    scopes: _scopes,
    owner: _owner,
    policyUri: _policyUri,
    tosUri: _tosUri,
    clientUri: _clientUri,
    logoUri: _logoUri,
    contacts: _contacts,
    public: _public,
    tokenEndpointAuthMethod: _method,
    requirePkce: _requirePkce,
    ...settings
  } = client;
  return {
    settings,
    name: client.name,
    redirect_uris: [...client.redirectUris],
    grant_types: [...client.grantTypes],
    response_types: [...client.responseTypes],
    scopes: [...client.scopes],
    owner: client.owner,
    policy_uri: client.policyUri,
    tos_uri: client.tosUri,
    client_uri: client.clientUri,
    logo_uri: client.logoUri,
    contacts: [...client.contacts],
    public: client.public,
    token_endpoint_auth_method: client.tokenEndpointAuthMethod ?? null,
    require_pkce: client.requirePkce,
  };
}

function secretColumns(secret: ClientSecretHash | undefined) {
  return { secret_kind: secret?.kind ?? null, secret_hash: secret?.hash ?? null };
}

function toClient(row: ClientRow): StoredClient {
  const method = row.token_endpoint_auth_method as Client['tokenEndpointAuthMethod'] | null;
  const kind = row.secret_kind as ClientSecretHash['kind'] | null;
  return {
    client: {
      id: row.id,
      name: row.name,
      redirectUris: row.redirect_uris,
      grantTypes: row.grant_types,
      responseTypes: row.response_types,
      scopes: row.scopes,
      owner: row.owner,
      policyUri: row.policy_uri,
      tosUri: row.tos_uri,
      clientUri: row.client_uri,
      logoUri: row.logo_uri,
      contacts: row.contacts,
      public: row.public,
      ...(method !== null && method !== undefined ? { tokenEndpointAuthMethod: method } : {}),
      requirePkce: row.require_pkce,
      ...(row.settings as Partial<Client>),
    },
    uid: row.uid,
    revision: Number(row.revision),
    createdAt: row.created_at.getTime(),
    updatedAt: row.updated_at.getTime(),
    ...(kind !== null && row.secret_hash !== null ? { secret: { kind, hash: row.secret_hash } } : {}),
    ...secretTimes(row),
  };
}

function secretTimes(row: ClientRow): Pick<StoredClient, 'secretUse' | 'previousSecret'> {
  const previousKind = row.previous_secret_kind as ClientSecretHash['kind'] | null;
  const { previous_secret_hash: hash, previous_secret_expires_at: expiresAt } = row;
  return {
    ...(row.secret_expires_at !== null || row.secret_last_used_at !== null
      ? {
          secretUse: {
            ...(row.secret_expires_at !== null ? { expiresAt: row.secret_expires_at.getTime() } : {}),
            ...lastUse(row.secret_last_used_at),
          },
        }
      : {}),
    ...(previousKind !== null && hash !== null && expiresAt !== null
      ? {
          previousSecret: {
            hash: { kind: previousKind, hash },
            use: { expiresAt: expiresAt.getTime(), ...lastUse(row.previous_secret_last_used_at) },
          },
        }
      : {}),
  };
}

function lastUse(at: Date | null): { lastUsedAt?: number } {
  return at === null ? {} : { lastUsedAt: at.getTime() };
}

/** Stores a new client inside a transaction of the caller's. False when the id is taken. */
export async function insertClient(
  manager: EntityManager,
  client: Client,
  secret: ClientSecretHash | undefined,
): Promise<boolean> {
  const inserted = await manager
    .createQueryBuilder()
    .insert()
    .into(clientTable)
    .values({ id: client.id, ...toColumns(client), ...secretColumns(secret) })
    .orIgnore()
    .returning('id')
    .execute();
  return (inserted.raw as unknown[]).length === 1;
}
