import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The schema of the key manager: sealed keys, the revision that every write raises, and who read or changed what. */
export class KeysSchema1764000000000 implements MigrationInterface {
  name = 'KeysSchema1764000000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE FUNCTION keys.castellan_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS 'SELECT clock_timestamp()';

      -- A value that only the system secret of this database can make; it tells nothing about that secret.
      CREATE TABLE keys.key_check (
        key_id text COLLATE "C" PRIMARY KEY,
        verifier text NOT NULL
      );

      -- One row; its lock orders the writes of all replicas.
      CREATE TABLE keys.revision (
        only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
        value bigint NOT NULL
      );
      INSERT INTO keys.revision (value) VALUES (0);

      -- version: the revision that wrote the row, so no two rows ever have the same set_id, kid and version.
      -- position: place among the keys of one write. sealed: the whole JWK; public keys are sealed too, so that nobody
      -- who can write to the database can plant a verification key.
      CREATE TABLE keys.key (
        set_id text COLLATE "C" NOT NULL,
        kid text COLLATE "C" NOT NULL,
        version bigint NOT NULL,
        position integer NOT NULL,
        part text NOT NULL CHECK (part IN ('private', 'public', 'secret')),
        algorithm text NOT NULL,
        key_use text NOT NULL,
        sealed bytea NOT NULL,
        created_at timestamptz NOT NULL,
        PRIMARY KEY (set_id, kid)
      );

      CREATE TABLE keys.audit (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        at timestamptz NOT NULL,
        action text NOT NULL CHECK (action IN ('read', 'write', 'delete')),
        set_id text COLLATE "C" NOT NULL,
        kid text COLLATE "C" NOT NULL,
        version bigint NOT NULL,
        peer text NOT NULL,
        request_id text NOT NULL
      );
      CREATE INDEX audit_key ON keys.audit (set_id, kid, at);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      `DROP TABLE keys.audit, keys.key, keys.revision, keys.key_check; DROP FUNCTION keys.castellan_now();`,
    );
  }
}

/** Every migration of the keys component, in order. */
export const keysMigrations = [KeysSchema1764000000000];
