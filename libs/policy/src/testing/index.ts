export { createMemoryWarden, type MemoryWarden } from './memory-stores.js';
export { policyOf, testWardenStores, type WardenStores } from './policy-store.contract.js';
export { decideByReference } from './reference-decider.js';
