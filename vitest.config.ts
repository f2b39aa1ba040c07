import { defineConfig } from 'vitest/config';

export default defineConfig({
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: true } },
  ssr: { resolve: { conditions: ['@castellan/source'] } },
  test: {
    include: ['{libs,apps}/*/src/**/*.test.ts', 'tools/**/*.test.ts'],
    globalSetup: ['./tools/test-servers.ts'],
    setupFiles: ['./tools/watchdog.ts'],
    env: { TEST_FILE_MINUTES: '10' },
    pool: 'forks',
    isolate: false,
    maxWorkers: 2,
    // Bounds on hanging, not on speed: shared machines are slow at times.
    testTimeout: 120_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000 } },
    reporters: [['default', { summary: false }], './tools/closing-line.ts'],
  },
});
