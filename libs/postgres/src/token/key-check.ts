import type { SecretVerifier } from '@castellan/jwk';
import type { Database } from '../database.js';
import type { TokenKeyCheckRow } from './tables.js';
import { advisoryLocks } from '../advisory-locks.js';

/**
 * Whether the database knows the service's secret. A database without clients takes note of the first one that comes; of
 * two that come at once, one is refused.
 */
export function claimTokenSecret(database: Database, verifier: SecretVerifier): Promise<boolean> {
  return database.transaction(async (client) => {
    await client.query('SELECT pg_advisory_xact_lock($1)', [advisoryLocks.tokenClaim]);
    await client.query(
      `INSERT INTO token.key_check (key_id, verifier) SELECT $1, $2
         WHERE NOT EXISTS (SELECT FROM token.key_check) AND NOT EXISTS (SELECT FROM token.client)`,
      [verifier.keyId, verifier.verifier],
    );
    const { rows } = await client.query<TokenKeyCheckRow>('SELECT key_id, verifier FROM token.key_check');
    return rows.some((row) => row.key_id === verifier.keyId && row.verifier === verifier.verifier);
  });
}
