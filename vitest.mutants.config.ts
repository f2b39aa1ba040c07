import { mergeConfig } from 'vitest/config';
import suite from './vitest.config.js';

// Rows of the attack catalogue, each played against a product whose guard is switched off: minutes, so not part of `npm test`.
const config = mergeConfig(suite, { test: { testTimeout: 600_000, maxWorkers: 1, env: { TEST_FILE_MINUTES: '60' } } });
config.test = { ...config.test, include: ['apps/e2e/src/attack/*.mutant.ts'] };

export default config;
