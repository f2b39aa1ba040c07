import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Login and consent as steps of one stored request; login sessions with the clients that got tokens in them; consents,
 * remembered or listed. What they say about people beyond the columns that statements ask for lies sealed.
 */
export class LoginAndConsent1764500000000 implements MigrationInterface {
  name = 'LoginAndConsent1764500000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE token.authorization_request
        ADD COLUMN stage text CHECK (stage IN ('login', 'login-decided', 'consent', 'consent-decided')),
        ADD COLUMN stage_at timestamptz,
        ADD COLUMN interaction text,
        ADD COLUMN address_hash text COLLATE "C";
      CREATE INDEX ON token.authorization_request (address_hash) WHERE decided_at IS NULL;

      ALTER TABLE token.family ADD COLUMN sid text COLLATE "C", ADD COLUMN consent_id text COLLATE "C";
      CREATE INDEX ON token.family (sid) WHERE sid IS NOT NULL;
      CREATE INDEX ON token.family (consent_id) WHERE consent_id IS NOT NULL;

      -- cookie_hash: of the secret in the browser's cookie; null where nothing is remembered.
      CREATE TABLE token.login_session (
        sid text COLLATE "C" PRIMARY KEY,
        cookie_hash text COLLATE "C" UNIQUE,
        subject text COLLATE "C" NOT NULL,
        auth_time bigint NOT NULL,
        acr text,
        amr text[] NOT NULL,
        identity_provider_session_id text,
        created_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        ended_at timestamptz
      );
      CREATE INDEX ON token.login_session (subject);
      CREATE INDEX ON token.login_session (expires_at);
      CREATE INDEX ON token.login_session (ended_at) WHERE ended_at IS NOT NULL;

      CREATE TABLE token.login_session_client (
        sid text COLLATE "C" NOT NULL REFERENCES token.login_session (sid) ON DELETE CASCADE,
        client_uid uuid NOT NULL REFERENCES token.client (uid) ON DELETE CASCADE,
        client_id text COLLATE "C" NOT NULL,
        subject_identifier text,
        PRIMARY KEY (sid, client_uid)
      );
      CREATE INDEX ON token.login_session_client (client_uid);

      CREATE TABLE token.consent (
        id text COLLATE "C" PRIMARY KEY,
        subject text COLLATE "C" NOT NULL,
        client_uid uuid NOT NULL REFERENCES token.client (uid) ON DELETE CASCADE,
        client_id text COLLATE "C" NOT NULL,
        sid text COLLATE "C" NOT NULL,
        scopes text[] NOT NULL,
        audience text[] NOT NULL,
        remembered boolean NOT NULL,
        remember_for bigint NOT NULL,
        details text NOT NULL,
        handled_at timestamptz NOT NULL,
        expires_at timestamptz,
        revoked_at timestamptz
      );
      CREATE INDEX ON token.consent (subject, client_uid);
      CREATE INDEX ON token.consent (client_uid);
      CREATE INDEX ON token.consent (expires_at) WHERE expires_at IS NOT NULL;
      CREATE INDEX ON token.consent (revoked_at) WHERE revoked_at IS NOT NULL;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TABLE token.consent, token.login_session_client, token.login_session;
      ALTER TABLE token.family DROP COLUMN sid, DROP COLUMN consent_id;
      ALTER TABLE token.authorization_request
        DROP COLUMN stage, DROP COLUMN stage_at, DROP COLUMN interaction, DROP COLUMN address_hash;
    `);
  }
}

/**
 * The index of pending requests by address holds those that have one, and serves no other question: while the table is empty
 * all its indexes cost the same, and a plan that is kept must not be one that reads the wrong one as a whole.
 */
export class PendingRequestsByAddress1764540002000 implements MigrationInterface {
  name = 'PendingRequestsByAddress1764540002000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP INDEX token.authorization_request_address_hash_idx;
      CREATE INDEX authorization_request_address_hash_idx ON token.authorization_request (address_hash)
       WHERE decided_at IS NULL AND address_hash IS NOT NULL;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP INDEX token.authorization_request_address_hash_idx;
      CREATE INDEX authorization_request_address_hash_idx ON token.authorization_request (address_hash)
       WHERE decided_at IS NULL;
    `);
  }
}
