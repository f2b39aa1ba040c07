import { channel } from 'node:diagnostics_channel';
import { outageOf } from './outage.js';

/** What is said of each batch on the channel `castellan:batch`: how many items it had, and whether it failed as one. */
export type BatchReport = { readonly items: number; readonly failed: boolean };

const reports = channel('castellan:batch');

function tell(report: BatchReport): void {
  if (reports.hasSubscribers) reports.publish(report);
}

/**
 * Collects concurrent calls of one kind into batches (docs/architecture.md, rulings 12): at most one batch is in flight, what
 * arrives meanwhile goes in the next. Load raises the batch size, not the number of statements.
 *
 * `run` answers one answer per item, in order. Equal items are never merged. When a batch fails, each of its items is
 * tried alone, so one bad item cannot fail its neighbours; `run` must therefore be atomic. An outage is no item's fault: a
 * batch whose connection was lost is tried once more, and what the database cannot serve fails at once for all. One by
 * one they would wait for an outage as often as there are items, with everybody who came later behind them.
 */
export function createBatcher<Item, Answer>(options: {
  readonly maxItems?: number;
  readonly run: (items: readonly Item[]) => Promise<readonly Answer[]>;
}): (item: Item) => Promise<Answer> {
  type Waiting = { item: Item; resolve: (answer: Answer) => void; reject: (cause: unknown) => void };
  const maxItems = options.maxItems ?? 256;
  let waiting: Waiting[] = [];
  let inFlight = false;
  let scheduled = false;

  async function runBatch(batch: readonly Waiting[], isSecond = false): Promise<void> {
    try {
      const answers = await options.run(batch.map((entry) => entry.item));
      if (answers.length !== batch.length)
        throw new Error('a batch answered another number of items than it was given');
      tell({ items: batch.length, failed: false });
      batch.forEach((entry, index) => entry.resolve(answers[index] as Answer));
    } catch (cause) {
      tell({ items: batch.length, failed: true });
      const outage = outageOf(cause);
      if (batch.length > 1 && outage === undefined) for (const entry of batch) await runBatch([entry]);
      else if (batch.length > 1 && outage === 'lost' && !isSecond) await runBatch(batch, true);
      else for (const entry of batch) entry.reject(cause);
    }
  }

  async function drain(): Promise<void> {
    scheduled = false;
    if (inFlight) return;
    inFlight = true;
    while (waiting.length > 0) {
      const batch = waiting.slice(0, maxItems);
      waiting = waiting.slice(maxItems);
      await runBatch(batch);
    }
    inFlight = false;
  }

  return (item) =>
    new Promise<Answer>((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (inFlight || scheduled) return;
      scheduled = true;
      setImmediate(() => void drain());
    });
}
