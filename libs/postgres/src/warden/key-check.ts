import { secretVerifier } from '@castellan/jwk';
import type { Database } from '../database.js';
import type { WardenKeyCheckRow } from './tables.js';

/** Taken while the secret of a fresh database is noted. */
const CLAIM_LOCK = 7_240_163;

/**
 * Whether the database knows the Warden's secret. A database that knows none takes note of the first that comes; of two
 * that come at once, one is refused.
 */
export function claimWardenSecret(database: Database, secret: string): Promise<boolean> {
  const { keyId, verifier } = secretVerifier(secret, 'warden');
  return database.transaction(async (client) => {
    await client.query('SELECT pg_advisory_xact_lock($1)', [CLAIM_LOCK]);
    await client.query(
      `INSERT INTO warden.key_check (key_id, verifier)
         SELECT $1, $2 WHERE NOT EXISTS (SELECT FROM warden.key_check)`,
      [keyId, verifier],
    );
    const { rows } = await client.query<WardenKeyCheckRow>('SELECT key_id, verifier FROM warden.key_check');
    return rows.some((row) => row.key_id === keyId && row.verifier === verifier);
  });
}
