import type {
  AssertionStore,
  AuthorizationRequestStore,
  ConsentStore,
  LoginSessionStore,
  LogoutRequestStore,
  OutboxStore,
  TokenStore,
} from '@castellan/oauth2';
import type { PartitionKeeper } from '@castellan/postgres';
import type { Logger } from '@castellan/service';

const partitionsEveryMs = 10 * 60_000;
const requestsEveryMs = 60_000;
const answersEveryMs = 5_000;
const rowsAtOnce = 500;
/** Dead letters stay that long for an operator to look at. */
const deadLettersMs = 30 * 24 * 3_600_000;

/** Keeps the token tables in order while the service runs. */
export type Maintenance = { stop(): Promise<void> };

/** Makes partitions before they are needed, drops those that are over, removes authorization requests and client assertions that are over. */
export function startMaintenance(tools: {
  readonly keeper: PartitionKeeper;
  readonly store: TokenStore;
  readonly requests: AuthorizationRequestStore;
  readonly assertions: AssertionStore;
  readonly outbox: OutboxStore;
  readonly loginSessions: LoginSessionStore;
  readonly consents: ConsentStore;
  readonly logouts: LogoutRequestStore;
  readonly logger: Logger;
}): Maintenance {
  const { keeper, store, requests, assertions, outbox, loginSessions, consents, logouts, logger } = tools;
  const timers: NodeJS.Timeout[] = [];
  const running = new Set<Promise<void>>();

  function every(milliseconds: number, what: string, work: () => Promise<void>): void {
    let busy = false;
    const timer = setInterval(() => {
      if (busy) return;
      busy = true;
      const run = work()
        .catch((error: unknown) => logger.warn(`Could not ${what}; it is tried again later`, { error }))
        .finally(() => {
          busy = false;
          running.delete(run);
        });
      running.add(run);
    }, milliseconds);
    timers.push(timer.unref());
  }

  every(partitionsEveryMs, 'keep the partitions of the token tables', async () => {
    await keeper.makeAhead();
    await keeper.sweep();
  });
  every(requestsEveryMs, 'remove authorization requests that are over', async () => {
    while ((await requests.sweep(rowsAtOnce)) === rowsAtOnce);
  });
  every(requestsEveryMs, 'remove logout requests that are over', async () => {
    while ((await logouts.sweep(rowsAtOnce)) === rowsAtOnce);
  });
  every(requestsEveryMs, 'remove client assertions that are over', async () => {
    while ((await assertions.sweep(rowsAtOnce)) === rowsAtOnce);
  });

  every(partitionsEveryMs, 'remove old dead letters', async () => {
    while ((await outbox.sweep(deadLettersMs, rowsAtOnce)) === rowsAtOnce);
  });

  every(requestsEveryMs, 'remove login sessions that are over', async () => {
    while ((await loginSessions.sweep(rowsAtOnce)) === rowsAtOnce);
  });
  every(requestsEveryMs, 'remove consents that are over', async () => {
    while ((await consents.sweep(rowsAtOnce)) === rowsAtOnce);
  });

  every(answersEveryMs, 'erase answers to refreshes whose window is over', async () => {
    while ((await store.sweepAnswers(rowsAtOnce)) === rowsAtOnce);
  });

  return {
    async stop() {
      timers.forEach((timer) => clearInterval(timer));
      await Promise.all(running);
    },
  };
}
