import type { AccessTokenFormat, ResourceServer, ResourceServerStore } from '@castellan/oauth2';
import { createBatcher } from '../batch.js';
import type { Database } from '../database.js';

type Row = {
  id: string;
  uri: string;
  name: string;
  scopes: string[];
  access_token_format: AccessTokenFormat | null;
  access_token_lifetime_ms: number | null;
};

const columns = `id, uri, name, scopes, access_token_format, access_token_lifetime_ms::float8 AS access_token_lifetime_ms`;

const uniqueViolation = '23505';

const put = `
  INSERT INTO token.resource_server (id, uri, name, scopes, access_token_format, access_token_lifetime_ms)
  VALUES ($1, $2, $3, $4::text[], $5, $6)
  ON CONFLICT (id) DO UPDATE SET uri = excluded.uri, name = excluded.name, scopes = excluded.scopes,
    access_token_format = excluded.access_token_format, access_token_lifetime_ms = excluded.access_token_lifetime_ms`;

/** Resource servers in PostgreSQL; concurrent look-ups share one statement. */
export function createResourceServerStore(database: Database): ResourceServerStore {
  const find = createBatcher<readonly string[], readonly ResourceServer[]>({
    async run(lists) {
      const rows = await database.query<Row>(
        'token.resource_server.find',
        `SELECT ${columns} FROM token.resource_server WHERE uri = ANY($1::text[])`,
        [[...new Set(lists.flat())]],
      );
      return lists.map((uris) => rows.filter(({ uri }) => uris.includes(uri)).map(toServer));
    },
  });

  return {
    async put(server) {
      const { id, uri, name, scopes, accessTokenFormat = null, accessTokenLifetimeMs = null } = server;
      try {
        await database.query('token.resource_server.put', put, [
          id,
          uri,
          name,
          scopes,
          accessTokenFormat,
          accessTokenLifetimeMs,
        ]);
        return true;
      } catch (cause) {
        if (cause instanceof Error && 'code' in cause && cause.code === uniqueViolation) return false;
        throw cause;
      }
    },
    find,
    async list() {
      const text = `SELECT ${columns} FROM token.resource_server ORDER BY id`;
      return (await database.query<Row>('token.resource_server.list', text)).map(toServer);
    },
    async remove(id) {
      const text = 'DELETE FROM token.resource_server WHERE id = $1 RETURNING id';
      return (await database.query('token.resource_server.remove', text, [id])).length === 1;
    },
  };
}

function toServer(row: Row): ResourceServer {
  const { id, uri, name, scopes, access_token_format: format, access_token_lifetime_ms: lifetime } = row;
  return {
    id,
    uri,
    name,
    scopes,
    ...(format !== null ? { accessTokenFormat: format } : {}),
    ...(lifetime !== null ? { accessTokenLifetimeMs: lifetime } : {}),
  };
}
