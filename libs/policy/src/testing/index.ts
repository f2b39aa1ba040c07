export { createMemoryWarden, type MemoryWarden } from './memory-stores.js';
export { testPolicyLife } from './policy-life.contract.js';
export { policyOf, testWardenStores, type WardenStores } from './policy-store.contract.js';
export { decideByReference } from './reference-decider.js';
