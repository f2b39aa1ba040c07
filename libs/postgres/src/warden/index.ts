export { createPostgresDecisionLog } from './decision-log.js';
export { createPostgresGroupStore } from './group-store.js';
export { wardenMigrations } from './migrations.js';
export { listenForPolicyChanges, type PolicyChangeListener } from './policy-change-listener.js';
export { createPostgresPolicyStateReader } from './policy-state-reader.js';
export { createPostgresPolicyHistory } from './policy-history.js';
export { createPostgresPolicyImports } from './policy-imports.js';
export { createPostgresPolicyStore } from './policy-store.js';
export { wardenTables } from './tables.js';
