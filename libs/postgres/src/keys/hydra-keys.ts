import type { HydraKey } from '@castellan/jwk';
import pg from 'pg';

/** Reads the sealed keys of a database of Hydra 0.9 to 0.11, private keys first. Nothing in it is changed. */
export async function readHydraKeys(url: string): Promise<readonly HydraKey[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    await client.query('BEGIN READ ONLY');
    const { rows } = await client.query<HydraKey>(`SELECT sid AS set, kid, keydata FROM hydra_jwk ORDER BY sid, kid`);
    return rows;
  } finally {
    await client.end();
  }
}
