import { mergeConfig } from 'vitest/config';
import suite from './vitest.config.js';

// Faults take minutes and much of the machine: `npm run faults` plays them, `npm test` does not.
const config = mergeConfig(suite, {
  test: { testTimeout: 300_000, hookTimeout: 300_000, maxWorkers: 1, env: { TEST_FILE_MINUTES: '60' } },
});
config.test = { ...config.test, include: ['apps/e2e/src/faults/*.fault.ts'] };

export default config;
