import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The schema of the Warden: policies, groups, and the revision that every write raises. */
export class WardenSchema1764000000000 implements MigrationInterface {
  name = 'WardenSchema1764000000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE FUNCTION warden.castellan_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS 'SELECT clock_timestamp()';

      -- A value that only the Warden's secret of this database can make; it tells nothing about that secret.
      CREATE TABLE warden.key_check (
        key_id text COLLATE "C" PRIMARY KEY,
        verifier text NOT NULL
      );

      -- One row; its lock orders the writes of all replicas. mark: random, so that a restored database or a promoted
      -- standby that lost writes never bears the same number and mark for other policies.
      CREATE TABLE warden.revision (
        only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
        value bigint NOT NULL,
        mark uuid NOT NULL
      );
      INSERT INTO warden.revision (value, mark) VALUES (1, gen_random_uuid());

      CREATE TABLE warden.policy (
        id text COLLATE "C" PRIMARY KEY,
        description text NOT NULL,
        effect text NOT NULL CHECK (effect IN ('allow', 'deny')),
        subjects text[] NOT NULL,
        resources text[] NOT NULL,
        actions text[] NOT NULL,
        conditions jsonb NOT NULL,
        created_at timestamptz NOT NULL DEFAULT warden.castellan_now(),
        updated_at timestamptz NOT NULL DEFAULT warden.castellan_now()
      );

      CREATE TABLE warden.subject_group (
        id text COLLATE "C" PRIMARY KEY,
        created_at timestamptz NOT NULL DEFAULT warden.castellan_now()
      );

      CREATE TABLE warden.subject_group_member (
        group_id text COLLATE "C" NOT NULL REFERENCES warden.subject_group (id) ON DELETE CASCADE,
        member text COLLATE "C" NOT NULL,
        PRIMARY KEY (group_id, member)
      );
      CREATE INDEX subject_group_member_member ON warden.subject_group_member USING hash (member);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TABLE warden.subject_group_member, warden.subject_group, warden.policy, warden.revision, warden.key_check;
      DROP FUNCTION warden.castellan_now();
    `);
  }
}

/** Every migration of the warden component, in order. */
export const wardenMigrations = [WardenSchema1764000000000];
