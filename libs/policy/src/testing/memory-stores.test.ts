import { describe } from 'vitest';
import { createMemoryWarden } from './memory-stores.js';
import { testPolicyLife } from './policy-life.contract.js';
import { testWardenStores } from './policy-store.contract.js';

describe('the memory stores', () => {
  testWardenStores(async () => createMemoryWarden());
  testPolicyLife(async () => createMemoryWarden());
});
