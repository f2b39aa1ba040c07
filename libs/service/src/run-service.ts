import { ConfigError, readConfig } from './config.js';
import type { Logger } from './logger.js';
import { createLoggerFromEnv } from './logger.config.js';
import { createMetrics, type Metrics } from './metrics.js';
import { operationsVariables } from './operations.config.js';
import { readTracingConfig } from './tracing/tracing.config.js';
import { startTracing } from './tracing/tracing.js';

/** A started process. */
export type RunningService = {
  /** Called first at shutdown: not ready from here on. */
  readonly drain?: () => void;
  /** Ends everything: doors first, then what they stand on. */
  readonly close: () => Promise<void>;
};

export type RunServiceOptions = {
  /** What the process was given; decides how much a failing start says. */
  readonly env: NodeJS.ProcessEnv;
  /** The environment to run on, with what stands in files; throws ConfigError. See `readEnvironment`. */
  readonly readEnvironment: () => NodeJS.ProcessEnv;
  /** Name in traces; `host` when absent. */
  readonly name?: string;
  /** Starts everything, or throws. */
  readonly start: (context: {
    readonly env: NodeJS.ProcessEnv;
    readonly logger: Logger;
    readonly metrics: Metrics;
  }) => Promise<RunningService>;
};

function reportStartFailure(error: unknown, env: NodeJS.ProcessEnv): void {
  const message = error instanceof Error ? error.message : String(error);
  const line = message.replaceAll(/\s*\n\s*/g, ' ');
  const prefix = error instanceof ConfigError ? 'Configuration error' : 'Could not start';
  process.stderr.write(`${prefix}: ${line}\n`);
  if (env['LOG_LEVEL'] === 'debug' && error instanceof Error) process.stderr.write(`${error.stack ?? ''}\n`);
}

function waitForSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => {
        // The second signal means now.
        process.once('SIGTERM', () => process.exit(1));
        process.once('SIGINT', () => process.exit(1));
        resolve(signal);
      });
    }
  });
}

/** The longest that a shutdown may take after SHUTDOWN_DELAY: orchestrators send the signal that cannot be caught after 30 s. */
const SHUTDOWN_FUSE_MS = 28_000;

/** Ends a process whose shutdown hangs. */
function lightShutdownFuse(logger: Logger): void {
  setTimeout(() => {
    logger.error('The shutdown took too long; what was under way is cut');
    process.exit(1);
  }, SHUTDOWN_FUSE_MS).unref();
}

/**
 * Runs a process from start to signal. A failing start is one line on standard error and exit 1 (with the stack where
 * LOG_LEVEL is debug). SIGTERM or SIGINT drains, waits for SHUTDOWN_DELAY (for balancers that
 * learn of it by polling), closes and exits 0 within 30 seconds more; a second one exits 1 at once.
 */
export async function runService(options: RunServiceOptions): Promise<void> {
  const stopped = waitForSignal();
  try {
    const env = options.readEnvironment();
    const { SHUTDOWN_DELAY: delayMs } = readConfig(operationsVariables, env);
    const logger = createLoggerFromEnv(env);
    const metrics = createMetrics();
    const tracing = await startTracing(readTracingConfig(env, options.name ?? 'host'), { logger, metrics });
    // A rejection that nobody awaited must not stop the requests of everybody else.
    process.on('unhandledRejection', (error) => {
      metrics.countFault('unhandled_rejection');
      logger.error('An operation failed and nobody was waiting for it', { error });
    });
    process.on('uncaughtException', (error) => {
      logger.error('The process cannot go on', { error });
      process.exit(1);
    });
    let started = false;
    void stopped.then(() => {
      if (!started) logger.warn('Stopping as soon as the start is through; another signal stops at once');
    });
    const running = await options.start({ env, logger, metrics });
    started = true;
    const signal = await stopped;
    logger.info('Shutting down', { signal });
    running.drain?.();
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
    lightShutdownFuse(logger);
    await running.close();
    await tracing.stop();
    process.exit(0);
  } catch (error) {
    reportStartFailure(error, options.env);
    process.exit(1);
  }
}
