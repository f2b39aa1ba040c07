import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Counter, Histogram } from 'prom-client';
import type { Metrics } from './metrics.js';

const CHANNEL = 'castellan:batch';

/**
 * Counts the batches that the stores of this process send to the database, as these say on a diagnostics channel.
 * Answers what stops the counting.
 */
export function watchBatches({ registry }: Metrics): () => void {
  const registers = [registry];
  const items = new Histogram({
    name: 'castellan_batch_items',
    help: 'Lookups and writes that shared one statement.',
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
    registers,
  });
  const failures = new Counter({
    name: 'castellan_batch_failures_total',
    help: 'Batches that failed; the items of each were then tried alone.',
    registers,
  });
  function note(message: unknown): void {
    const report = message as { readonly items: number; readonly failed: boolean };
    items.observe(report.items);
    if (report.failed) failures.inc();
  }
  subscribe(CHANNEL, note);
  return () => void unsubscribe(CHANNEL, note);
}
