import { judgeClaim, type SecretClaim, type SecretVerifier } from '@castellan/jwk';
import { advisoryLocks } from './advisory-locks.js';
import type { Database } from './database.js';

/** A component whose secrets follow from the system secrets. */
export type DerivedComponent = 'token' | 'warden';

const locks: Readonly<Record<DerivedComponent, number>> = {
  token: advisoryLocks.tokenClaim,
  warden: advisoryLocks.wardenClaim,
};
// What makes a database one that is in use already, so that the first who comes is not believed.
const unused: Readonly<Record<DerivedComponent, string>> = {
  token: 'NOT EXISTS (SELECT FROM token.client)',
  warden: 'true',
};

/**
 * Judges the secrets that a component holds, newest first (judgeClaim). A database that knows none and is not in use
 * takes note of the first; of two that come at once, one is refused.
 */
export function claimDerivedSecrets(
  database: Database,
  component: DerivedComponent,
  held: readonly SecretVerifier[],
): Promise<SecretClaim> {
  return database.transaction(async (client) => {
    await client.query('SELECT pg_advisory_xact_lock($1)', [locks[component]]);
    const [first] = held;
    await client.query(
      `INSERT INTO ${component}.key_check (key_id, verifier) SELECT $1::text, $2::text
         WHERE $1::text IS NOT NULL AND NOT EXISTS (SELECT FROM ${component}.key_check) AND ${unused[component]}`,
      [first?.keyId, first?.verifier],
    );
    const { rows } = await client.query<{ key_id: string; verifier: string }>(
      `SELECT key_id, verifier FROM ${component}.key_check`,
    );
    return judgeClaim(
      held,
      rows.map(({ key_id, verifier }) => ({ keyId: key_id, verifier })),
    );
  });
}

/** The secrets that a component's database has registered. Takes note of nothing. */
export async function registeredSecrets(database: Database): Promise<readonly SecretVerifier[]> {
  const rows = await database.query<{ key_id: string; verifier: string }>(
    'registered-secrets',
    `SELECT key_id, verifier FROM ${database.component}.key_check`,
  );
  return rows.map(({ key_id, verifier }) => ({ keyId: key_id, verifier }));
}

/** Registers one more secret of a component. Registering it again changes nothing. */
export async function addDerivedSecret(
  database: Database,
  component: DerivedComponent,
  { keyId, verifier }: SecretVerifier,
): Promise<void> {
  await database.query(
    `${component}-add-secret`,
    `INSERT INTO ${component}.key_check (key_id, verifier) VALUES ($1, $2) ON CONFLICT (key_id) DO NOTHING`,
    [keyId, verifier],
  );
}

/** Forgets a secret of a component. */
export async function removeDerivedSecret(
  database: Database,
  component: DerivedComponent,
  keyId: string,
): Promise<void> {
  await database.query(`${component}-remove-secret`, `DELETE FROM ${component}.key_check WHERE key_id = $1`, [keyId]);
}

/**
 * How many clients have a generated secret whose verifier was made with which key ID; under the empty one those whose
 * verifier names none.
 */
export async function clientSecretUses(database: Database): Promise<ReadonlyMap<string, number>> {
  const rows = await database.query<{ id: string; clients: string }>(
    'token-client-secret-uses',
    `SELECT CASE WHEN position('.' IN secret_hash) > 0 THEN split_part(secret_hash, '.', 1) ELSE '' END AS id,
       count(*) AS clients FROM token.client WHERE secret_kind = 'hmac' GROUP BY 1`,
  );
  return new Map(rows.map(({ id, clients }) => [id, Number(clients)]));
}
