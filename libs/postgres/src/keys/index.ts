export { createKeyStore } from './key-store.js';
export { keysMigrations } from './migrations.js';
export { type KeyAuditRow, keysTables } from './tables.js';
export { readHydraKeys } from './hydra-keys.js';
