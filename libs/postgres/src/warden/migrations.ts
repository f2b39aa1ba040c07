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

/** Revisions that changes can be told since; a replica that is further behind reads everything. */
const historyLength = 10_000;

/**
 * The history of revisions, and what each write touched. Triggers write it, so that what a hand changes in the tables is
 * told too, with the next write; a raised revision is announced to the replicas.
 */
export class WardenChanges1764100000000 implements MigrationInterface {
  name = 'WardenChanges1764100000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE warden.revision_history (
        value bigint PRIMARY KEY,
        mark uuid NOT NULL
      );
      INSERT INTO warden.revision_history (value, mark) SELECT value, mark FROM warden.revision;

      -- kind: what was touched; 'reset' when everything may be different. revision: the one that shows it.
      CREATE TABLE warden.policy_change (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        revision bigint NOT NULL,
        kind text NOT NULL CHECK (kind IN ('policy', 'membership', 'reset')),
        policy_id text COLLATE "C",
        group_id text COLLATE "C",
        member text COLLATE "C"
      );
      CREATE INDEX policy_change_revision ON warden.policy_change (revision);

      CREATE FUNCTION warden.note_policies() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO warden.policy_change (revision, kind, policy_id)
          SELECT (SELECT value + 1 FROM warden.revision), 'policy', id FROM touched;
        RETURN NULL;
      END $$;
      CREATE FUNCTION warden.note_memberships() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO warden.policy_change (revision, kind, group_id, member)
          SELECT (SELECT value + 1 FROM warden.revision), 'membership', group_id, member FROM touched;
        RETURN NULL;
      END $$;
      CREATE FUNCTION warden.note_reset() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO warden.policy_change (revision, kind) SELECT value + 1, 'reset' FROM warden.revision;
        RETURN NULL;
      END $$;
      CREATE FUNCTION warden.announce_revision() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO warden.revision_history (value, mark) VALUES (NEW.value, NEW.mark);
        IF NEW.value % 100 = 0 THEN
          DELETE FROM warden.revision_history WHERE value < NEW.value - ${historyLength};
          DELETE FROM warden.policy_change WHERE revision < NEW.value - ${historyLength};
        END IF;
        PERFORM pg_notify('castellan_warden_revision', NEW.value::text);
        RETURN NULL;
      END $$;
    `);
    // A transition table is of one event, so that each event needs a trigger of its own.
    for (const [table, note] of [
      ['policy', 'note_policies'],
      ['subject_group_member', 'note_memberships'],
    ]) {
      for (const [event, rows] of [
        ['INSERT', 'NEW'],
        ['UPDATE', 'NEW'],
        ['DELETE', 'OLD'],
      ]) {
        await runner.query(`
          CREATE TRIGGER ${note}_${event?.toLowerCase()} AFTER ${event} ON warden.${table}
            REFERENCING ${rows} TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION warden.${note}()`);
      }
      await runner.query(`
        CREATE TRIGGER ${note}_truncate AFTER TRUNCATE ON warden.${table}
          FOR EACH STATEMENT EXECUTE FUNCTION warden.note_reset()`);
    }
    await runner.query(`
      CREATE TRIGGER announce_revision AFTER UPDATE ON warden.revision
        FOR EACH ROW EXECUTE FUNCTION warden.announce_revision()`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP FUNCTION warden.note_policies() CASCADE;
      DROP FUNCTION warden.note_memberships() CASCADE;
      DROP FUNCTION warden.note_reset() CASCADE;
      DROP FUNCTION warden.announce_revision() CASCADE;
      DROP TABLE warden.policy_change, warden.revision_history;
    `);
  }
}

/** A row of warden.policy as a version keeps it. */
const policyBody = `jsonb_build_object('id', id, 'description', description, 'effect', effect, 'subjects', subjects,
  'resources', resources, 'actions', actions, 'conditions', conditions,
  'validFrom', (extract(epoch FROM valid_from) * 1000)::float8,
  'validUntil', (extract(epoch FROM valid_until) * 1000)::float8)`;

/**
 * The life of a policy: when it applies, what it was (a version for every change, written by triggers, so that what a
 * hand changes in the table is kept too), and imports on their way in.
 */
export class WardenPolicyLife1764530000000 implements MigrationInterface {
  name = 'WardenPolicyLife1764530000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE warden.policy
        ADD valid_from timestamptz CHECK (isfinite(valid_from)),
        ADD valid_until timestamptz CHECK (isfinite(valid_until)),
        ADD CONSTRAINT policy_validity CHECK (valid_from < valid_until);

      -- body: the policy, null where it was removed. changed_by: who, as the writer set it for its transaction.
      CREATE TABLE warden.policy_version (
        policy_id text COLLATE "C" NOT NULL,
        version bigint NOT NULL,
        revision bigint NOT NULL,
        changed_at timestamptz NOT NULL DEFAULT warden.castellan_now(),
        changed_by text NOT NULL,
        reason text NOT NULL,
        body jsonb,
        PRIMARY KEY (policy_id, version)
      );
      CREATE FUNCTION warden.keep_policy_versions() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO warden.policy_version (policy_id, version, revision, changed_by, reason, body)
          SELECT touched.id,
            1 + (SELECT coalesce(max(version), 0) FROM warden.policy_version WHERE policy_id = touched.id),
            (SELECT value + 1 FROM warden.revision),
            coalesce(nullif(current_setting('castellan.changed_by', true), ''), 'database:' || session_user),
            coalesce(current_setting('castellan.reason', true), ''),
            CASE WHEN TG_OP = 'DELETE' THEN NULL ELSE ${policyBody} END
          FROM touched;
        RETURN NULL;
      END $$;
      INSERT INTO warden.policy_version (policy_id, version, revision, changed_at, changed_by, reason, body)
        SELECT id, 1, (SELECT value FROM warden.revision), updated_at, '', 'as it was before versions were kept',
          ${policyBody} FROM warden.policy;

      CREATE TABLE warden.policy_import (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        opened_by text NOT NULL,
        opened_at timestamptz NOT NULL DEFAULT warden.castellan_now()
      );
      CREATE TABLE warden.policy_import_item (
        import_id uuid NOT NULL REFERENCES warden.policy_import (id) ON DELETE CASCADE,
        policy_id text COLLATE "C" NOT NULL,
        body jsonb NOT NULL,
        PRIMARY KEY (import_id, policy_id)
      );
    `);
    for (const [event, rows] of [
      ['INSERT', 'NEW'],
      ['UPDATE', 'NEW'],
      ['DELETE', 'OLD'],
    ]) {
      await runner.query(`
        CREATE TRIGGER keep_policy_versions_${event?.toLowerCase()} AFTER ${event} ON warden.policy
          REFERENCING ${rows} TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION warden.keep_policy_versions()`);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP FUNCTION warden.keep_policy_versions() CASCADE;
      DROP TABLE warden.policy_import_item, warden.policy_import, warden.policy_version;
      ALTER TABLE warden.policy DROP valid_from, DROP valid_until;
    `);
  }
}

/**
 * The decision log, partitioned by the day on which a decision is forgotten (bucket, in days since the epoch). There is no
 * default partition: partitions are made ahead, and on demand.
 */
export class WardenDecisionLog1764531000000 implements MigrationInterface {
  name = 'WardenDecisionLog1764531000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE warden.decision (
        bucket integer NOT NULL,
        id uuid NOT NULL DEFAULT gen_random_uuid(),
        decided_at timestamptz NOT NULL,
        door text NOT NULL,
        caller text NOT NULL,
        request_id text NOT NULL,
        subject text NOT NULL,
        client_id text NOT NULL,
        resource text NOT NULL,
        action text NOT NULL,
        context jsonb NOT NULL,
        redacted text[] NOT NULL,
        groups text[] NOT NULL,
        allowed boolean NOT NULL,
        reason text NOT NULL,
        revision bigint NOT NULL,
        PRIMARY KEY (bucket, id)
      ) PARTITION BY RANGE (bucket);
      CREATE INDEX decision_decided_at ON warden.decision (decided_at DESC, id DESC);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE warden.decision');
  }
}

/** Every migration of the warden component, in order. */
export const wardenMigrations = [
  WardenSchema1764000000000,
  WardenChanges1764100000000,
  WardenPolicyLife1764530000000,
  WardenDecisionLog1764531000000,
];
