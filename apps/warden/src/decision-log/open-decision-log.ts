import type { DecisionLogStore } from '@castellan/policy';
import type { Logger, Metrics } from '@castellan/service';
import type { DecisionLogConfig } from './decision-log.config.js';
import { createDecisionLog, type DecisionLog, type DecisionSink } from './decision-log.js';
import { createStdoutSink } from './stdout-sink.js';

const maxWaiting = 10_000;
const maintainEveryMs = 10 * 60_000;
const closeTimeoutMs = 2_000;
/** A table that cannot be written to must not fill the log. */
const failureLogIntervalMs = 10_000;

/** A decision log that runs, with what keeps its table in order. */
export type RunningDecisionLog = { readonly log: DecisionLog; close(): Promise<void> };

/**
 * Opens the decision log as configured. What is over is forgotten also where nothing is recorded any more. Nothing here
 * stops the Warden: a decision that cannot be recorded is counted, and was made.
 */
export function openDecisionLog(
  config: DecisionLogConfig,
  store: DecisionLogStore,
  { logger, metrics }: { readonly logger: Logger; readonly metrics: Metrics },
): RunningDecisionLog {
  let loggedAt = Number.NEGATIVE_INFINITY;
  const table: DecisionSink = { name: 'table', write: (records) => store.append(records) };
  const log = createDecisionLog({
    sinks: [...(config.toTable ? [table] : []), ...(config.toStdout ? [createStdoutSink(process.stdout)] : [])],
    sample: config.sample,
    rules: config.context,
    maxWaiting,
    random: Math.random,
    onWritten: (sink, count) => metrics.countDecisionRecords(sink, 'written', count),
    onDropped: (sink, count) => metrics.countDecisionRecords(sink, 'dropped', count),
    onFailure(sink, error) {
      if (performance.now() - loggedAt < failureLogIntervalMs) return;
      loggedAt = performance.now();
      logger.warn('Decisions cannot be recorded; they are made all the same', { sink, error });
    },
  });

  async function maintain(): Promise<void> {
    try {
      if (config.toTable) await store.makeRoom();
      await store.forget();
    } catch (error) {
      logger.warn('Could not keep the partitions of the decision log; it is tried again later', { error });
    }
  }
  let maintaining = maintain();
  const timer = setInterval(() => {
    maintaining = maintaining.then(maintain);
  }, maintainEveryMs).unref();

  return {
    log,
    async close() {
      clearInterval(timer);
      await log.close(closeTimeoutMs);
      await maintaining;
    },
  };
}
