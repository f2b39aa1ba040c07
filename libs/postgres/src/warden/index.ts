export { createPostgresGroupStore } from './group-store.js';
export { wardenMigrations } from './migrations.js';
export { createPostgresPolicyStateReader } from './policy-state-reader.js';
export { createPostgresPolicyStore } from './policy-store.js';
export { wardenTables } from './tables.js';
