import type { Logger } from '@castellan/service';

/** Work that goes on while the service runs. */
export type Caretaker = { stop(): Promise<void> };

/**
 * Does every task again and again, one after the other; `tasks` are named by what they do. A task that fails is said once,
 * and once more when it works again: the database may be away for hours.
 */
export function startCaretaker(options: {
  readonly everyMs: number;
  readonly tasks: Readonly<Record<string, () => Promise<void>>>;
  readonly logger: Logger;
}): Caretaker {
  const { tasks, logger } = options;
  const failing = new Set<string>();
  let running: Promise<void> = Promise.resolve();
  let busy = false;

  async function turn(): Promise<void> {
    for (const [name, task] of Object.entries(tasks)) {
      try {
        await task();
        if (failing.delete(name)) logger.info(`Could ${name} again`);
      } catch (error) {
        if (!failing.has(name)) logger.warn(`Could not ${name}; it is tried again`, { error });
        failing.add(name);
      }
    }
  }

  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    running = turn().finally(() => {
      busy = false;
    });
  }, options.everyMs);
  timer.unref();

  return {
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}
