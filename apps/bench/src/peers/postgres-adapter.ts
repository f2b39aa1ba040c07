import type pg from 'pg';

/** A stored object of oidc-provider. */
type Payload = Record<string, unknown> & { grantId?: string; userCode?: string; uid?: string };

/** The table of the adapter: one row per object, as the adapters that oidc-provider documents have it. */
export const adapterTable = `
  CREATE TABLE IF NOT EXISTS oidc (
    model text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    payload jsonb NOT NULL,
    grant_id text COLLATE "C",
    user_code text COLLATE "C",
    uid text COLLATE "C",
    expires_at timestamptz,
    consumed_at timestamptz,
    PRIMARY KEY (model, id)
  );
  CREATE INDEX IF NOT EXISTS oidc_grant_id ON oidc (grant_id) WHERE grant_id IS NOT NULL;
  CREATE INDEX IF NOT EXISTS oidc_uid ON oidc (uid) WHERE uid IS NOT NULL;
  CREATE INDEX IF NOT EXISTS oidc_user_code ON oidc (user_code) WHERE user_code IS NOT NULL;`;

/** What oidc-provider makes one of for each model; further methods are found by name. */
type AdapterClass = new (model: string) => {
  upsert(id: string, payload: Payload, expiresIn?: number): Promise<void>;
};

/** Makes the adapter class over a pool; every statement is a prepared one. */
export function postgresAdapter(pool: pg.Pool): AdapterClass {
  const query = (name: string, text: string, values: unknown[]): Promise<pg.QueryResult> =>
    pool.query({ name, text, values });
  const read = async (name: string, where: string, values: unknown[]): Promise<Payload | undefined> => {
    const { rows } = await query(
      name,
      `SELECT payload, extract(epoch FROM consumed_at)::int AS consumed FROM oidc
        WHERE ${where} AND (expires_at IS NULL OR expires_at > now())`,
      values,
    );
    const [row] = rows as { payload: Payload; consumed: number | null }[];
    if (row === undefined) return undefined;
    return row.consumed === null ? row.payload : { ...row.payload, consumed: row.consumed };
  };
  return class {
    constructor(readonly model: string) {}

    async upsert(id: string, payload: Payload, expiresIn?: number): Promise<void> {
      await query(
        'upsert',
        `INSERT INTO oidc (model, id, payload, grant_id, user_code, uid, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, now() + $7 * interval '1 second')
         ON CONFLICT (model, id) DO UPDATE SET payload = excluded.payload, grant_id = excluded.grant_id,
           user_code = excluded.user_code, uid = excluded.uid, expires_at = excluded.expires_at`,
        [
          this.model,
          id,
          JSON.stringify(payload),
          payload.grantId ?? null,
          payload.userCode ?? null,
          payload.uid ?? null,
          expiresIn ?? null,
        ],
      );
    }

    find(id: string): Promise<Payload | undefined> {
      return read('find', 'model = $1 AND id = $2', [this.model, id]);
    }

    findByUid(uid: string): Promise<Payload | undefined> {
      return read('find-by-uid', 'model = $1 AND uid = $2', [this.model, uid]);
    }

    findByUserCode(userCode: string): Promise<Payload | undefined> {
      return read('find-by-user-code', 'model = $1 AND user_code = $2', [this.model, userCode]);
    }

    async consume(id: string): Promise<void> {
      await query('consume', 'UPDATE oidc SET consumed_at = now() WHERE model = $1 AND id = $2', [this.model, id]);
    }

    async destroy(id: string): Promise<void> {
      await query('destroy', 'DELETE FROM oidc WHERE model = $1 AND id = $2', [this.model, id]);
    }

    async revokeByGrantId(grantId: string): Promise<void> {
      await query('revoke', 'DELETE FROM oidc WHERE grant_id = $1', [grantId]);
    }
  };
}
