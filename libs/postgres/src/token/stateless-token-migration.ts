import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Access tokens without rows: which client revision they count from, and resource servers that want them. */
export class StatelessTokens1764540001000 implements MigrationInterface {
  name = 'StatelessTokens1764540001000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE token.client ADD COLUMN tokens_valid_from_revision bigint;
      ALTER TABLE token.resource_server DROP CONSTRAINT resource_server_access_token_format_check,
        ADD CONSTRAINT resource_server_access_token_format_check
          CHECK (access_token_format IN ('opaque', 'jwt', 'stateless-jwt'));
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      UPDATE token.resource_server SET access_token_format = 'jwt' WHERE access_token_format = 'stateless-jwt';
      ALTER TABLE token.resource_server DROP CONSTRAINT resource_server_access_token_format_check,
        ADD CONSTRAINT resource_server_access_token_format_check CHECK (access_token_format IN ('opaque', 'jwt'));
      ALTER TABLE token.client DROP COLUMN tokens_valid_from_revision;
    `);
  }
}
