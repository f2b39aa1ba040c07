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

/** The life cycle of the product's signing keys: states and their times, which key signs, and the audit of each change. */
export class KeysLifeCycle1764200000000 implements MigrationInterface {
  name = 'KeysLifeCycle1764200000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE keys.key
        ADD COLUMN state text CHECK (state IN ('staged', 'published', 'active', 'retiring')),
        ADD COLUMN staged_at timestamptz CHECK (staged_at IS NOT NULL OR state IS NULL),
        ADD COLUMN published_at timestamptz,
        ADD COLUMN active_at timestamptz,
        ADD COLUMN retiring_at timestamptz,
        ADD COLUMN due_at timestamptz;

      -- Until now the newest key signed and all others verified.
      UPDATE keys.key k SET state = CASE WHEN place = 1 THEN 'active' ELSE 'retiring' END, staged_at = created_at,
          published_at = created_at, active_at = created_at, retiring_at = CASE WHEN place > 1 THEN keys.castellan_now() END
        FROM (
          SELECT set_id, kid, row_number() OVER (PARTITION BY set_id ORDER BY version DESC, position) AS place
            FROM keys.key WHERE set_id IN ('hydra.openid.id-token', 'hydra.consent.challenge') AND part = 'private'
        ) AS ranked
        WHERE ranked.set_id = k.set_id AND ranked.kid = k.kid;

      CREATE UNIQUE INDEX key_active ON keys.key (set_id) WHERE state = 'active';
      CREATE UNIQUE INDEX key_successor ON keys.key (set_id) WHERE state IN ('staged', 'published');

      -- How often each key signed, by day (UTC).
      CREATE TABLE keys.signature_count (
        set_id text COLLATE "C" NOT NULL,
        kid text COLLATE "C" NOT NULL,
        day date NOT NULL,
        signatures bigint NOT NULL,
        PRIMARY KEY (set_id, kid, day)
      );

      ALTER TABLE keys.audit DROP CONSTRAINT audit_action_check;
      ALTER TABLE keys.audit
        ADD CONSTRAINT audit_action_check CHECK (action IN ('read', 'write', 'delete', 'state')),
        ADD COLUMN state text CHECK (state IN ('staged', 'published', 'active', 'retiring', 'retired'));
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DELETE FROM keys.audit WHERE action = 'state';
      DROP TABLE keys.signature_count;
      ALTER TABLE keys.audit DROP COLUMN state, DROP CONSTRAINT audit_action_check;
      ALTER TABLE keys.audit ADD CONSTRAINT audit_action_check CHECK (action IN ('read', 'write', 'delete'));
      DROP INDEX keys.key_active, keys.key_successor;
      ALTER TABLE keys.key DROP COLUMN state, DROP COLUMN staged_at, DROP COLUMN published_at, DROP COLUMN active_at,
        DROP COLUMN retiring_at, DROP COLUMN due_at;
    `);
  }
}

/** When each system secret was registered: the older ones are needed until what they made has expired. */
export class KeysSecretList1764200100000 implements MigrationInterface {
  name = 'KeysSecretList1764200100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE keys.key_check ADD COLUMN registered_at timestamptz NOT NULL DEFAULT keys.castellan_now()`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE keys.key_check DROP COLUMN registered_at');
  }
}

/** Every migration of the keys component, in order. */
export const keysMigrations = [KeysSchema1764000000000, KeysLifeCycle1764200000000, KeysSecretList1764200100000];
