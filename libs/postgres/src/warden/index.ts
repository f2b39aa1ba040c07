export { createPostgresGroupStore } from './group-store.js';
export { wardenMigrations } from './migrations.js';
export { listenForPolicyChanges, type PolicyChangeListener } from './policy-change-listener.js';
export { createPostgresPolicyStateReader } from './policy-state-reader.js';
export { createPostgresPolicyStore } from './policy-store.js';
export { wardenTables } from './tables.js';
