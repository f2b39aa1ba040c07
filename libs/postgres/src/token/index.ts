export { createAuthorizationRequestStore } from './authorization-request-store.js';
export { createClientStore } from './client-store.js';
export { tokenMigrations } from './migrations.js';
export { tokenTables } from './tables.js';
export { tokenPartitionedTables } from './token-partitions.js';
export { createTokenStore } from './token-store.js';
