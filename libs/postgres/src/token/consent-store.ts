import type { Consent, ConsentDetails, ConsentStore, JsonSeal, RememberedConsent } from '@castellan/oauth2';
import type { Database } from '../database.js';
import { consentRow } from './authorization-request-store.js';

type Row = {
  id: string;
  subject: string;
  client_uid: string;
  client_id: string;
  sid: string;
  scopes: string[];
  audience: string[];
  remembered: boolean;
  remember_for: number;
  details: string;
  handled_at: number;
};

const clock = `clock AS MATERIALIZED (SELECT token.castellan_now() AS now)`;
const isInForce = `c.revoked_at IS NULL AND (c.expires_at IS NULL OR c.expires_at > clock.now)`;

const findRemembered = `
  WITH ${clock}
  SELECT c.id, c.scopes, c.audience FROM token.consent c, clock
   WHERE c.subject = $1 AND c.client_uid = $2::uuid AND c.remembered AND ${isInForce}
   ORDER BY c.handled_at DESC, c.id
   LIMIT 100`;

const listConsents = `
  WITH ${clock}
  SELECT c.id, c.subject, c.client_uid, c.client_id, c.sid, c.scopes, c.audience, c.remembered,
         c.remember_for::float8 AS remember_for, c.details,
         floor(extract(epoch FROM c.handled_at) * 1000)::float8 AS handled_at
    FROM token.consent c, clock
   WHERE c.subject = $1 AND ($2::text IS NULL OR c.sid = $2) AND ${isInForce}
     AND ($3::text IS NULL OR (c.handled_at, c.id) < (SELECT l.handled_at, l.id FROM token.consent l WHERE l.id = $3))
   ORDER BY c.handled_at DESC, c.id DESC
   LIMIT $4::int`;

const revokeConsents = `
  UPDATE token.consent c SET revoked_at = token.castellan_now(), remembered = false
   WHERE c.revoked_at IS NULL AND ($1::text IS NULL OR c.subject = $1) AND ($2::text IS NULL OR c.client_id = $2)
     AND ($3::text IS NULL OR c.id = $3)`;

const revokeFamilies = `
  UPDATE token.family f SET revoked_at = token.castellan_now()
   WHERE f.revoked_at IS NULL AND f.expires_at > token.castellan_now()
     AND ($1::text IS NULL OR f.subject = $1) AND ($2::text IS NULL OR f.client_id = $2)
     AND ($3::text IS NULL OR f.consent_id = $3)
  RETURNING 1`;

/** Rows that another sweeper holds are left to it. */
const sweepConsents = `
  WITH ${clock},
  over AS MATERIALIZED (
    SELECT c.id FROM token.consent c, clock
     WHERE c.expires_at <= clock.now OR c.revoked_at <= clock.now
     LIMIT $1::int
       FOR UPDATE OF c SKIP LOCKED
  )
  DELETE FROM token.consent WHERE id IN (SELECT id FROM over) RETURNING id`;

/** Consents in PostgreSQL; their details are sealed. */
export function createConsentStore(database: Database, seal: JsonSeal): ConsentStore {
  return {
    findRemembered: (subject, clientUid) =>
      database.query<RememberedConsent>('token.consent.find_remembered', findRemembered, [subject, clientUid]),

    async list({ subject, sid }, { after, limit }) {
      const values = [subject, sid ?? null, after ?? null, limit];
      const rows = await database.query<Row>('token.consent.list', listConsents, values);
      return rows.map((row) => toConsent(row, seal));
    },

    revoke: ({ subject, clientId, id }) => {
      const values = [subject ?? null, clientId ?? null, id ?? null];
      if (values.every((value) => value === null)) throw new Error('it must be said which consents are revoked');
      return database.transaction(async (client) => {
        await client.query(revokeConsents, values);
        return (await client.query(revokeFamilies, values)).rowCount ?? 0;
      });
    },

    async sweep(limit) {
      return (await database.query('token.consent.sweep', sweepConsents, [limit])).length;
    },
  };
}

/** A consent whose details were sealed under a secret that is gone is listed without them. */
function toConsent(row: Row, seal: JsonSeal): Consent {
  const opened = seal.open(row.details, consentRow(row.id)) as ConsentDetails | undefined;
  return {
    id: row.id,
    subject: row.subject,
    clientUid: row.client_uid,
    clientId: row.client_id,
    sid: row.sid,
    scopes: row.scopes,
    audience: row.audience,
    remembered: row.remembered,
    rememberFor: row.remember_for,
    handledAt: row.handled_at,
    details: opened ?? { request: {}, accessTokenExtra: {}, idTokenExtra: {} },
  };
}
