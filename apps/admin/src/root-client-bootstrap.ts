import { setTimeout as sleep } from 'node:timers/promises';

import { RpcError } from '@castellan/rpc';

import { ensureRootClient, type RootClientOptions } from './root-client.js';

const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 10_000;

/** Waits so many milliseconds; rejects when the signal fires. */
export type Wait = (milliseconds: number, signal: AbortSignal) => Promise<void>;

function waitWithTimer(milliseconds: number, signal: AbortSignal): Promise<void> {
  return sleep(milliseconds, undefined, { signal, ref: false });
}

/**
 * Makes the root client when the process starts. Where the services are in this process it is there before the first
 * request; where they are elsewhere and not up yet, the start goes on and this keeps trying. Nest calls the hooks.
 */
export class RootClientBootstrap {
  private readonly stopping = new AbortController();
  private retrying: Promise<void> = Promise.resolve();

  constructor(
    private readonly options: RootClientOptions,
    private readonly wait: Wait = waitWithTimer,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    if (!(await this.attempt())) {
      this.options.logger.warn('The services are not up yet, the root client has to wait.');
      this.retrying = this.retry();
    }
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.retrying;
  }

  private async retry(): Promise<void> {
    try {
      let delay = FIRST_RETRY_MS;
      do {
        await this.wait(delay, this.stopping.signal);
        delay = Math.min(delay * 2, LAST_RETRY_MS);
      } while (!(await this.attempt()));
    } catch (error) {
      if (!this.stopping.signal.aborted) {
        this.options.logger.error('The root client could not be made', { error });
      }
    }
  }

  /** Whether there is a client now; false while a service is away. */
  private async attempt(): Promise<boolean> {
    try {
      await ensureRootClient(this.options);
      return true;
    } catch (error) {
      if (error instanceof RpcError && (error.code === 'UNAVAILABLE' || error.code === 'DEADLINE_EXCEEDED')) {
        return false;
      }
      throw error;
    }
  }
}
