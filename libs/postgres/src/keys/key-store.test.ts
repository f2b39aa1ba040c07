import { keyStoreContract } from '@castellan/jwk/testing';
import { createTestDatabase } from '../testing.js';
import { createKeyStore } from './key-store.js';
import type { KeyAuditRow } from './tables.js';

keyStoreContract('PostgreSQL', async () => {
  const test = await createTestDatabase('keys');
  const { pool } = test.database;
  return {
    store: createKeyStore(test.database),
    replica: createKeyStore(await test.openReplica()),
    async audit() {
      const { rows } = await pool.query<KeyAuditRow>('SELECT * FROM keys.audit ORDER BY id');
      return rows.map((row) => ({
        action: row.action,
        set: row.set_id,
        kid: row.kid,
        version: Number(row.version),
        peer: row.peer,
        requestId: row.request_id,
        ...(row.state !== null ? { state: row.state } : {}),
      }));
    },
    async clear() {
      await pool.query('TRUNCATE keys.key, keys.audit, keys.key_check');
    },
    close: () => test.drop(),
  };
});
