import type { SecretVerifier } from '@castellan/jwk';
import type { Database } from '../database.js';
import type { WardenKeyCheckRow } from './tables.js';
import { advisoryLocks } from '../advisory-locks.js';

/**
 * Whether the database knows the Warden's secret. A database that knows none takes note of the first that comes; of two
 * that come at once, one is refused.
 */
export function claimWardenSecret(database: Database, verifier: SecretVerifier): Promise<boolean> {
  return database.transaction(async (client) => {
    await client.query('SELECT pg_advisory_xact_lock($1)', [advisoryLocks.wardenClaim]);
    await client.query(
      `INSERT INTO warden.key_check (key_id, verifier)
         SELECT $1, $2 WHERE NOT EXISTS (SELECT FROM warden.key_check)`,
      [verifier.keyId, verifier.verifier],
    );
    const { rows } = await client.query<WardenKeyCheckRow>('SELECT key_id, verifier FROM warden.key_check');
    return rows.some((row) => row.key_id === verifier.keyId && row.verifier === verifier.verifier);
  });
}
