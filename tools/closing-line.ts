import type { Reporter, TestModule, TestSpecification, Vitest } from 'vitest/node';

/** How long the runner may take to end once the last test file has. */
const PATIENCE_MS = 180_000;

/**
 * Ends a test run with one plain line that any reader of logs understands: `N passed, N failed`. Tests that passed only
 * when they were tried again are named before it.
 */
export default class ClosingLine implements Reporter {
  private vitest: Vitest | undefined;
  private running = 0;
  private fuse: NodeJS.Timeout | undefined;

  onInit(vitest: Vitest): void {
    this.vitest = vitest;
  }

  onTestRunStart(specifications: readonly TestSpecification[]): void {
    this.running = specifications.length;
  }

  onTestModuleEnd(): void {
    if (--this.running === 0) this.fuse = setTimeout(() => this.giveUp(), PATIENCE_MS);
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    clearTimeout(this.fuse);
    say(modules, unhandledErrors);
  }

  /** Every test file has ended and the runner has not: what they found counts all the same. */
  private giveUp(): void {
    const { state } = this.vitest ?? {};
    process.stderr.write('\nThe test runner does not end after its last test file, and is ended.\n');
    process.exit(say(state?.getTestModules() ?? [], state?.getUnhandledErrors() ?? []) === 0 ? 0 : 1);
  }
}

function say(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): number {
  let passed = 0;
  let failed = unhandledErrors.length;
  for (const module of modules) {
    failed += module.errors().length;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      if (state === 'passed') passed++;
      else failed++;
      const isFlaky = state === 'passed' && (test.diagnostic()?.retryCount ?? 0) > 0;
      if (isFlaky) process.stdout.write(`passed when tried again: ${module.relativeModuleId} > ${test.fullName}\n`);
    }
  }
  process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
  return failed;
}
