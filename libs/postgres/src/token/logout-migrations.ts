import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What has to be brought to somebody because of a change. A row that is being delivered is one whose due time was moved
 * on, under a lease; a row with `dead_at` was given up.
 */
export class Outbox1764510000000 implements MigrationInterface {
  name = 'Outbox1764510000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE token.outbox (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        kind text COLLATE "C" NOT NULL,
        target text COLLATE "C" NOT NULL,
        payload jsonb NOT NULL,
        attempts integer NOT NULL DEFAULT 0,
        problem text,
        lease uuid,
        created_at timestamptz NOT NULL,
        due_at timestamptz NOT NULL,
        gives_up_at timestamptz NOT NULL,
        dead_at timestamptz
      );
      CREATE INDEX outbox_due ON token.outbox (due_at, id) WHERE dead_at IS NULL;
      CREATE INDEX outbox_dead ON token.outbox (dead_at) WHERE dead_at IS NOT NULL;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE token.outbox');
  }
}

/** Migrations of logout, in order. */
export const logoutMigrations = [Outbox1764510000000];
