/**
 * The system of record: connections, migrations, partitions and the stores that implement the domain's contracts.
 * Knows SQL and TypeORM; decides nothing about protocols, policies or keys. Each component (keys, warden, token) owns
 * one schema and nobody else writes to it.
 */
export { createBatcher } from './batch.js';
export { outageOf } from './outage.js';
export {
  type Component,
  components,
  type Database,
  DatabaseError,
  type DatabaseOptions,
  openDatabase,
} from './database.js';
export { isPlaintextRemote, refusedDatabaseUrl } from './database-url.js';
export { type EmbeddedOptions, type EmbeddedPostgres, startEmbeddedPostgres } from './embedded.js';
export { type BorrowedPostgres, borrowEmbeddedPostgres } from './embedded-use.js';
export { migrate, type MigrateOptions } from './migrate.js';
export {
  bucketOf,
  createPartitionKeeper,
  type PartitionedTable,
  type PartitionKeeper,
  type PartitionState,
} from './partitions.js';
export { readClockSkew, type ClockSkew } from './clock-skew.js';
export * from './keys/index.js';
export * from './token/index.js';
export * from './warden/index.js';
export {
  addDerivedSecret,
  claimDerivedSecrets,
  clientSecretUses,
  type DerivedComponent,
  registeredSecrets,
  removeDerivedSecret,
} from './secret-claim.js';
