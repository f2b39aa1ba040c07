import path from 'node:path';
import { workspace } from '../program.js';
import { type Stage } from './stage.js';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

/** Statements of section 8.2 database and 8.3 configuration. */
export function describeDatabaseAndConfiguration(stage: Stage): void {
  describe('8.2 database and 8.3 configuration', () => {
    it('S8 S11 S16 a DSN is all that a PostgreSQL store needs', async () => {
      expect(stage.database.url).toMatch(/^postgres:\/\/.*sslmode=disable$/);
      expect((await stage.database.query('SELECT count(*)::int AS n FROM token.client')).rows[0]).toEqual({ n: 1 });
    });

    it('S9 the README says plainly that PostgreSQL is the only database', () => {
      expect(readFileSync(path.join(workspace, 'README.md'), 'utf8')).toMatch(
        /PostgreSQL.{0,40}only|only.{0,40}PostgreSQL/i,
      );
    });

    it('S12 the system secret of the guide is accepted', () => {
      expect(stage.product.log()).not.toMatch(/SYSTEM_SECRET.*(too short|refused)/i);
    });

    it('S13 key material in the database cannot be read without the system secret', async () => {
      const dump = JSON.stringify((await stage.database.query('SELECT * FROM keys.key')).rows);
      expect(dump).not.toMatch(/"d"\s*:|\\"d\\":|"p"\s*:|"k"\s*:/);
    });

    it('S21 migrate sql says per component what it applied; a second run applies 0', () => {
      for (const component of ['keys', 'warden', 'token'])
        expect(stage.migrated.first).toMatch(new RegExp(`Applied [1-9]\\d* \`${component}\` SQL migrations\\.`));
      expect(stage.migrated.first.trimEnd()).toMatch(/Migration successful!$/);
      expect(stage.migrated.second).toContain('Applied 0 `token` SQL migrations.');
      expect(stage.migrated.second).toContain('Migration successful! Applied a total of 0 SQL migrations.');
    });
  });
}
