import type { RegistrationStore } from '@castellan/oauth2';
import type { Database } from '../database.js';
import { insertClient } from './client-store.js';

const spendInitialToken = `
  UPDATE token.initial_access_token SET uses_left = uses_left - 1
   WHERE hash = $1 AND uses_left > 0 AND expires_at > token.castellan_now()
  RETURNING uses_left`;

const insertRegistration = `
  INSERT INTO token.client_registration (client_uid, token_hash)
  SELECT c.uid, $2 FROM token.client c WHERE c.id = $1`;

/** Thrown to undo a registration; it goes no further than this store. */
class Undo extends Error {
  constructor(readonly outcome: 'spent' | 'id-taken') {
    super(outcome);
  }
}

/** Registrations in PostgreSQL. */
export function createRegistrationStore(database: Database): RegistrationStore {
  return {
    async insertInitialToken({ hash, uses, lifetimeMs }) {
      await database.query(
        'token.initial_access_token.insert',
        `WITH gone AS (DELETE FROM token.initial_access_token WHERE expires_at <= token.castellan_now())
         INSERT INTO token.initial_access_token (hash, uses_left, expires_at)
         VALUES ($1, $2::int, token.castellan_now() + $3::float8 * interval '1 millisecond')`,
        [hash, uses, lifetimeMs],
      );
    },

    async register({ client, secret, tokenHash, initialTokenHash }) {
      try {
        await database.dataSource.transaction(async (manager) => {
          if (initialTokenHash !== undefined) {
            const [rows] = await manager.query<[unknown[], number]>(spendInitialToken, [initialTokenHash]);
            if (rows.length !== 1) throw new Undo('spent');
          }
          if (!(await insertClient(manager, client, secret))) throw new Undo('id-taken');
          await manager.query(insertRegistration, [client.id, tokenHash]);
        });
        return 'stored';
      } catch (cause) {
        if (cause instanceof Undo) return cause.outcome;
        throw cause;
      }
    },

    async isRegistrationToken(clientUid, tokenHash) {
      const rows = await database.query(
        'token.client_registration.find',
        'SELECT 1 FROM token.client_registration WHERE client_uid = $1::uuid AND token_hash = $2',
        [clientUid, tokenHash],
      );
      return rows.length === 1;
    },

    async replaceRegistrationToken(clientUid, oldHash, newHash) {
      const rows = await database.query(
        'token.client_registration.replace',
        `UPDATE token.client_registration SET token_hash = $3
          WHERE client_uid = $1::uuid AND token_hash = $2 RETURNING client_uid`,
        [clientUid, oldHash, newHash],
      );
      return rows.length === 1;
    },
  };
}
