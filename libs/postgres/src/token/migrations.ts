import type { MigrationInterface, QueryRunner } from 'typeorm';
import { LoginAndConsent1764500000000, PendingRequestsByAddress1764540002000 } from './interaction-migrations.js';
import { StatelessTokens1764540001000 } from './stateless-token-migration.js';
import { logoutMigrations } from './logout-migrations.js';

/** The schema of the token service: clients, families of tokens, and the tables partitioned by expiry. */
export class TokenSchema1764000000000 implements MigrationInterface {
  name = 'TokenSchema1764000000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE FUNCTION token.castellan_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS 'SELECT clock_timestamp()';

      CREATE TABLE token.key_check (
        key_id text COLLATE "C" PRIMARY KEY,
        verifier text NOT NULL
      );

      CREATE TABLE token.client (
        id text COLLATE "C" PRIMARY KEY,
        uid uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
        revision bigint NOT NULL DEFAULT 1,
        name text NOT NULL,
        redirect_uris text[] NOT NULL,
        grant_types text[] NOT NULL,
        response_types text[] NOT NULL,
        scopes text[] NOT NULL,
        owner text NOT NULL,
        policy_uri text NOT NULL,
        tos_uri text NOT NULL,
        client_uri text NOT NULL,
        logo_uri text NOT NULL,
        contacts text[] NOT NULL,
        public boolean NOT NULL,
        token_endpoint_auth_method text,
        require_pkce boolean NOT NULL,
        secret_kind text CHECK (secret_kind IN ('hmac', 'argon2id')),
        secret_hash text,
        created_at timestamptz NOT NULL DEFAULT token.castellan_now(),
        updated_at timestamptz NOT NULL DEFAULT token.castellan_now()
      );

      -- What a resource owner granted; bucket: weeks since the epoch of expires_at.
      CREATE TABLE token.family (
        bucket integer NOT NULL,
        id text COLLATE "C" NOT NULL,
        client_uid uuid NOT NULL,
        client_id text COLLATE "C" NOT NULL,
        subject text NOT NULL,
        scopes text[] NOT NULL,
        audience text[] NOT NULL,
        access_token_extra jsonb NOT NULL,
        id_token_extra jsonb NOT NULL,
        auth_time bigint,
        nonce text,
        created_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        revoked_at timestamptz,
        PRIMARY KEY (bucket, id)
      ) PARTITION BY RANGE (bucket);

      -- bucket: hours since the epoch of expires_at.
      CREATE TABLE token.authorization_code (
        bucket integer NOT NULL,
        id text COLLATE "C" NOT NULL,
        family_bucket integer NOT NULL,
        family_id text COLLATE "C" NOT NULL,
        redirect_uri text NOT NULL,
        redirect_uri_given boolean NOT NULL,
        code_challenge text,
        issued_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        used_at timestamptz,
        PRIMARY KEY (bucket, id)
      ) PARTITION BY RANGE (bucket);

      -- bucket: hours since the epoch of expires_at.
      CREATE TABLE token.access_token (
        bucket integer NOT NULL,
        id text COLLATE "C" NOT NULL,
        family_bucket integer,
        family_id text COLLATE "C",
        client_uid uuid NOT NULL,
        client_id text COLLATE "C" NOT NULL,
        subject text NOT NULL,
        scopes text[] NOT NULL,
        audience text[] NOT NULL,
        extra jsonb NOT NULL,
        issued_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        revoked_at timestamptz,
        PRIMARY KEY (bucket, id)
      ) PARTITION BY RANGE (bucket);

      -- bucket: weeks since the epoch of expires_at.
      CREATE TABLE token.refresh_token (
        bucket integer NOT NULL,
        id text COLLATE "C" NOT NULL,
        family_bucket integer NOT NULL,
        family_id text COLLATE "C" NOT NULL,
        issued_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        used_at timestamptz,
        PRIMARY KEY (bucket, id)
      ) PARTITION BY RANGE (bucket);

      -- Not partitioned by expiry: a request id is unique across time (rulings 16).
      CREATE TABLE token.authorization_request (
        id text COLLATE "C" NOT NULL PRIMARY KEY,
        client_uid uuid NOT NULL,
        client_id text COLLATE "C" NOT NULL,
        parameters jsonb,
        parameters_hash text NOT NULL,
        browser_hash text NOT NULL,
        created_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        decided_at timestamptz
      ) PARTITION BY HASH (id);
    `);
    for (let part = 0; part < 8; part++) {
      await runner.query(
        `CREATE TABLE token.authorization_request_${part} PARTITION OF token.authorization_request
           FOR VALUES WITH (MODULUS 8, REMAINDER ${part});
         CREATE INDEX ON token.authorization_request_${part} (expires_at);
         CREATE INDEX ON token.authorization_request_${part} (client_uid) WHERE decided_at IS NULL;`,
      );
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      `DROP TABLE token.authorization_request, token.refresh_token, token.access_token, token.authorization_code,
         token.family, token.client, token.key_check; DROP FUNCTION token.castellan_now();`,
    );
  }
}

/** Optional members of clients in one column: a new one needs no migration. */
export class ClientSettings1764300000000 implements MigrationInterface {
  name = 'ClientSettings1764300000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE token.client ADD COLUMN settings jsonb NOT NULL DEFAULT '{}'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE token.client DROP COLUMN settings`);
  }
}

/** Two live secrets of a client, and the assertions that were used (unique across time, rulings 16). */
export class ClientAuthentication1764300001000 implements MigrationInterface {
  name = 'ClientAuthentication1764300001000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE token.client
        ADD COLUMN secret_expires_at timestamptz,
        ADD COLUMN secret_last_used_at timestamptz,
        ADD COLUMN previous_secret_kind text CHECK (previous_secret_kind IN ('hmac', 'argon2id')),
        ADD COLUMN previous_secret_hash text,
        ADD COLUMN previous_secret_expires_at timestamptz,
        ADD COLUMN previous_secret_last_used_at timestamptz;

      -- id: a hash over client and jti.
      CREATE TABLE token.client_assertion (
        id text COLLATE "C" NOT NULL PRIMARY KEY,
        expires_at timestamptz NOT NULL
      ) PARTITION BY HASH (id);
    `);
    for (let part = 0; part < 8; part++) {
      await runner.query(
        `CREATE TABLE token.client_assertion_${part} PARTITION OF token.client_assertion
           FOR VALUES WITH (MODULUS 8, REMAINDER ${part});
         CREATE INDEX ON token.client_assertion_${part} (expires_at);`,
      );
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      `DROP TABLE token.client_assertion;
       ALTER TABLE token.client DROP COLUMN secret_expires_at, DROP COLUMN secret_last_used_at,
         DROP COLUMN previous_secret_kind, DROP COLUMN previous_secret_hash, DROP COLUMN previous_secret_expires_at,
         DROP COLUMN previous_secret_last_used_at;`,
    );
  }
}

/** Claims that the `claims` parameter asks userinfo for, kept with the grant. */
export class UserinfoClaims1764350000000 implements MigrationInterface {
  name = 'UserinfoClaims1764350000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE token.family ADD COLUMN userinfo_claims text[] NOT NULL DEFAULT '{}'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE token.family DROP COLUMN userinfo_claims');
  }
}

/** Clients that register themselves (RFC 7591, RFC 7592): hashes of their tokens and of those that pay for them. */
export class Registration1764350000001 implements MigrationInterface {
  name = 'Registration1764350000001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE token.initial_access_token (
        hash text COLLATE "C" PRIMARY KEY,
        uses_left integer NOT NULL,
        expires_at timestamptz NOT NULL
      );

      CREATE TABLE token.client_registration (
        client_uid uuid PRIMARY KEY REFERENCES token.client (uid) ON DELETE CASCADE,
        token_hash text COLLATE "C" NOT NULL
      );
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE token.client_registration, token.initial_access_token');
  }
}

/**
 * Answers to refreshes that may be given again for a short while; small and short-lived, hence beside the partitioned
 * table. Its rows are erased when their window is over.
 */
export class RefreshAnswers1764300002000 implements MigrationInterface {
  name = 'RefreshAnswers1764300002000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE token.refresh_answer (
        bucket integer NOT NULL,
        id text COLLATE "C" NOT NULL,
        successor_bucket integer NOT NULL,
        successor_id text COLLATE "C" NOT NULL,
        sealed text NOT NULL,
        parameters_hash text NOT NULL,
        ends_at timestamptz NOT NULL,
        PRIMARY KEY (bucket, id)
      );
      CREATE INDEX ON token.refresh_answer (ends_at);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE token.refresh_answer');
  }
}

/** Resource servers, for which tokens are issued (RFC 8707). */
export class ResourceServers1764300003000 implements MigrationInterface {
  name = 'ResourceServers1764300003000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE token.resource_server (
        id text COLLATE "C" PRIMARY KEY,
        uri text COLLATE "C" NOT NULL UNIQUE,
        name text NOT NULL,
        scopes text[] NOT NULL,
        access_token_format text CHECK (access_token_format IN ('opaque', 'jwt')),
        access_token_lifetime_ms bigint
      );
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE token.resource_server');
  }
}

/** The policy decision under which an access token was issued, where policies guard issuance. */
export class IssuanceDecisions1764300004000 implements MigrationInterface {
  name = 'IssuanceDecisions1764300004000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE token.access_token ADD COLUMN decision_id text, ADD COLUMN policy_revision bigint`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE token.access_token DROP COLUMN decision_id, DROP COLUMN policy_revision`);
  }
}

/** Revocation by client and by subject. */
export class Revocation1764300004500 implements MigrationInterface {
  name = 'Revocation1764300004500';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE token.client ADD COLUMN tokens_valid_after timestamptz;
      CREATE INDEX ON token.family (subject);
      CREATE INDEX ON token.family (client_id);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP INDEX token.family_client_id_idx, token.family_subject_idx;
      ALTER TABLE token.client DROP COLUMN tokens_valid_after;
    `);
  }
}

/**
 * What consent says about people, sealed in one column. Rows of before keep the open columns, which new rows leave empty,
 * until they expire or `secrets rewrap` comes by.
 */
export class SealedSessions1764540000000 implements MigrationInterface {
  name = 'SealedSessions1764540000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE token.family ADD COLUMN session text,
        ALTER COLUMN access_token_extra SET DEFAULT '{}',
        ALTER COLUMN id_token_extra SET DEFAULT '{}';
      ALTER TABLE token.access_token ALTER COLUMN extra SET DEFAULT '{}';
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE token.family DROP COLUMN session,
        ALTER COLUMN access_token_extra DROP DEFAULT, ALTER COLUMN id_token_extra DROP DEFAULT;
      ALTER TABLE token.access_token ALTER COLUMN extra DROP DEFAULT;
    `);
  }
}

/** Every migration of the token component, in order. */
export const tokenMigrations = [
  TokenSchema1764000000000,
  ClientSettings1764300000000,
  ClientAuthentication1764300001000,
  RefreshAnswers1764300002000,
  ResourceServers1764300003000,
  IssuanceDecisions1764300004000,
  Revocation1764300004500,
  UserinfoClaims1764350000000,
  Registration1764350000001,
  LoginAndConsent1764500000000,
  ...logoutMigrations,
  SealedSessions1764540000000,
  StatelessTokens1764540001000,
  PendingRequestsByAddress1764540002000,
];
