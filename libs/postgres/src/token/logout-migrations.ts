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

/** Logouts that wait for somebody's word. They go with their session. */
export class LogoutRequests1764510001000 implements MigrationInterface {
  name = 'LogoutRequests1764510001000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE token.logout_request (
        id text COLLATE "C" PRIMARY KEY,
        browser_hash text NOT NULL,
        sid text COLLATE "C" NOT NULL,
        subject text COLLATE "C" NOT NULL,
        rp_initiated boolean NOT NULL,
        request_url text NOT NULL,
        client_id text COLLATE "C",
        post_logout_redirect_uri text,
        state text,
        own_page boolean NOT NULL,
        stage text NOT NULL CHECK (stage IN ('asked', 'accepted', 'rejected', 'done')),
        requested_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL
      );
      CREATE INDEX ON token.logout_request (sid);
      CREATE INDEX ON token.logout_request (expires_at);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE token.logout_request');
  }
}

/** Migrations of logout, in order. */
export const logoutMigrations = [Outbox1764510000000, LogoutRequests1764510001000];
