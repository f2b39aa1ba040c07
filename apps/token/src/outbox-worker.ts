import { type DeliveryOutcome, type LeasedMessage, type OutboxStore, retryDelayMs } from '@castellan/oauth2';
import type { Logger, Metrics } from '@castellan/service';

/** Delivers a message. What it throws is a failure too: the message is tried again. */
export type OutboxHandler = (message: LeasedMessage) => Promise<DeliveryOutcome>;

/** Delivers the messages of the outbox while the service runs. */
export type OutboxWorker = {
  /** Messages may have been added: they are looked for at once. */
  wake(): void;
  /** Takes no more, and waits for what is on its way. */
  stop(): Promise<void>;
};

/** How the worker works; times are milliseconds. */
export type OutboxWorkerOptions = {
  readonly store: OutboxStore;
  /** By the kind of message. Audit events and webhooks would be rows here. */
  readonly handlers: ReadonlyMap<string, OutboxHandler>;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'countDelivery'>;
  /** 0 to 1. */
  readonly random: () => number;
  /** How often other replicas' messages, and due ones, are looked for. */
  readonly pollMs: number;
  readonly concurrency?: number;
  readonly concurrencyPerTarget?: number;
};

const defaultConcurrency = 16;
const defaultConcurrencyPerTarget = 4;
// Longer than an attempt can take: the guarded request gives up after a few seconds.
const leaseMs = 20_000;

/** Starts to deliver. A failing target costs the others nothing; an outage of the database is waited out. */
export function startOutboxWorker(options: OutboxWorkerOptions): OutboxWorker {
  const { store, handlers, logger, metrics, random, pollMs } = options;
  const { concurrency = defaultConcurrency, concurrencyPerTarget = defaultConcurrencyPerTarget } = options;
  const kinds = [...handlers.keys()];
  const onTheWay = new Map<string, number>();
  const running = new Set<Promise<void>>();
  let stopped = false;
  let wakeUp: () => void = () => undefined;
  let woken = false;

  function wake(): void {
    woken = true;
    wakeUp();
  }

  /** Ends when something is to be looked for: after a wake-up, or some time. */
  async function rest(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      wakeUp = resolve;
      // Replicas that started together do not ask together.
      timer = setTimeout(resolve, pollMs / 2 + pollMs * random()).unref();
      if (woken || stopped) resolve();
    });
    clearTimeout(timer);
    woken = false;
  }

  async function attempt(message: LeasedMessage): Promise<DeliveryOutcome> {
    const handler = handlers.get(message.kind);
    if (handler === undefined) throw new Error('a message of a kind that was not asked for');
    try {
      return await handler(message);
    } catch (error) {
      logger.error('A delivery met a fault; it is tried again', { kind: message.kind, id: message.id, error });
      return { kind: 'failed', problem: 'a fault of this server' };
    }
  }

  async function deliver(message: LeasedMessage): Promise<void> {
    const { id, kind, target } = message;
    const outcome = await attempt(message);
    if (outcome.kind !== 'failed') {
      metrics.countDelivery(kind, outcome.kind);
      await store.settle(message);
      return;
    }
    const { problem } = outcome;
    const state = await store.postpone(message, { delayMs: retryDelayMs(message.attempt, random()), problem });
    metrics.countDelivery(kind, state === 'dead' ? 'dead' : 'failed');
    if (state === 'dead') logger.warn('A delivery was given up', { kind, id, target, problem });
  }

  function start(message: LeasedMessage): void {
    onTheWay.set(message.target, (onTheWay.get(message.target) ?? 0) + 1);
    const run = deliver(message)
      .catch((error: unknown) => logger.warn('A delivery could not be noted; it is made again', { error }))
      .finally(() => {
        running.delete(run);
        const left = (onTheWay.get(message.target) ?? 1) - 1;
        if (left === 0) onTheWay.delete(message.target);
        else onTheWay.set(message.target, left);
        wake();
      });
    running.add(run);
  }

  async function lookOnce(): Promise<number> {
    const limit = concurrency - running.size;
    if (limit <= 0) return 0;
    const busy = [...onTheWay].filter(([, count]) => count >= concurrencyPerTarget).map(([target]) => target);
    const messages = await store.lease({ kinds, busy, limit, leaseMs });
    messages.forEach(start);
    return messages.length;
  }

  async function work(): Promise<void> {
    while (!stopped) {
      const found = await lookOnce().catch((error: unknown) => {
        logger.warn('The outbox could not be read; it is tried again', { error });
        woken = false;
        return 0;
      });
      if (found === 0) await rest();
    }
  }

  const working = work();
  return {
    wake,
    async stop() {
      stopped = true;
      wakeUp();
      await working;
      await Promise.all(running);
    },
  };
}
