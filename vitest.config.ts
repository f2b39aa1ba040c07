import { defineConfig } from 'vitest/config';

export default defineConfig({
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: true } },
  ssr: { resolve: { conditions: ['@castellan/source'] } },
  test: {
    include: ['{libs,apps}/*/src/**/*.test.ts', 'tools/**/*.test.ts'],
    globalSetup: ['./tools/test-servers.ts'],
    pool: 'forks',
    isolate: false,
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: [['default', { summary: false }], './tools/closing-line.ts'],
  },
});
