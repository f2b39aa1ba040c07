import { type Component, components, connect } from './database.js';
import { advisoryLocks } from './advisory-locks.js';

/** What is needed to migrate. */
export type MigrateOptions = {
  /** One URL per component; they may be equal. */
  readonly urls: Readonly<Record<Component, string>>;
  /** Told each line of progress. */
  readonly onProgress: (line: string) => void;
  /** Makes the roles castellan_token, castellan_warden and castellan_keys, each with rights on its schema alone. */
  readonly roles?: boolean;
  readonly connectTimeoutMs?: number;
};

/**
 * Brings the schemas of all components up to date and answers how many migrations were applied. Safe to run twice and
 * by two at once: they take turns under an advisory lock. Throws DatabaseError when the server is too old or away.
 */
export async function migrate(options: MigrateOptions): Promise<number> {
  let total = 0;
  for (const component of components) {
    options.onProgress(`Applying \`${component}\` SQL migrations...`);
    const applied = await migrateComponent(component, options);
    options.onProgress(`Applied ${applied} \`${component}\` SQL migrations.`);
    total += applied;
  }
  return total;
}

async function migrateComponent(component: Component, options: MigrateOptions): Promise<number> {
  const dataSource = await connect({
    url: options.urls[component],
    component,
    poolSize: 3,
    isUnlimited: true,
    connectTimeoutMs: options.connectTimeoutMs ?? 120_000,
  });
  const lock = dataSource.createQueryRunner();
  try {
    await lock.query('SELECT pg_advisory_lock($1)', [advisoryLocks.migration]);
    await lock.query(`CREATE SCHEMA IF NOT EXISTS ${component}`);
    const applied = await dataSource.runMigrations({ transaction: 'each' });
    if (options.roles === true) await grantRole(lock, component);
    return applied.length;
  } finally {
    await lock.query('SELECT pg_advisory_unlock($1)', [advisoryLocks.migration]).catch(() => undefined);
    await lock.release();
    await dataSource.destroy();
  }
}

/** Makes the role of a component where it is missing and gives it what serving needs: its schema, nothing else. */
async function grantRole(runner: { query(text: string): Promise<unknown> }, component: Component): Promise<void> {
  const role = `castellan_${component}`;
  await runner.query(
    `DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${role}') THEN CREATE ROLE ${role} NOLOGIN; END IF; END $$`,
  );
  const partitioned = partitionedTables[component];
  await runner.query(`GRANT USAGE${partitioned.length > 0 ? ', CREATE' : ''} ON SCHEMA ${component} TO ${role}`);
  await runner.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${component} TO ${role}`);
  await runner.query(`GRANT USAGE ON ALL SEQUENCES IN SCHEMA ${component} TO ${role}`);
  await runner.query(`GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ${component} TO ${role}`);
  // Partitions are made and dropped while serving; only an owner may do that.
  for (const table of partitioned) await runner.query(giveAway(`${component}.${table}`, role));
}

/** SQL that makes the role the owner of a partitioned table, and of the partitions that another role made before. */
function giveAway(table: string, role: string): string {
  return `DO $$ DECLARE partition regclass; BEGIN
    FOR partition IN SELECT inhrelid FROM pg_inherits WHERE inhparent = '${table}'::regclass LOOP
      EXECUTE format('ALTER TABLE %s OWNER TO ${role}', partition);
    END LOOP;
    ALTER TABLE ${table} OWNER TO ${role};
  END $$`;
}

const partitionedTables: { readonly [component in Component]: readonly string[] } = {
  keys: [],
  warden: ['decision'],
  token: ['family', 'authorization_code', 'access_token', 'refresh_token'],
};
