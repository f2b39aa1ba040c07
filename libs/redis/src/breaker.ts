/** What keeps a server that is down or slow from costing time again and again. */
export type Breaker = {
  /** Runs a command and answers what it answers; undefined when it failed, or was not sent because so many had failed. */
  run<T>(command: () => Promise<T>): Promise<T | undefined>;
};

export type BreakerOptions = {
  /** Failures in a row after which nothing is sent for a while. */
  readonly failures: number;
  /** The while, in milliseconds; after it one command is sent as a probe. */
  readonly pauseMs: number;
  /** Milliseconds of any clock that does not jump. */
  readonly now: () => number;
  /** Whether an error is a failure of the server, rather than an answer that we do not like. */
  readonly isFailure: (error: unknown) => boolean;
  /** Told when sending stops and when it is taken up again. */
  readonly onChange: (state: 'open' | 'closed') => void;
};

/** Makes a closed breaker. */
export function createBreaker(options: BreakerOptions): Breaker {
  let failed = 0;
  let pausedUntil = 0;
  let probing = false;

  function isOpen(): boolean {
    return failed >= options.failures;
  }

  function succeed(): void {
    if (isOpen()) options.onChange('closed');
    failed = 0;
  }

  function fail(): void {
    const wasOpen = isOpen();
    failed++;
    if (!isOpen()) return;
    pausedUntil = options.now() + options.pauseMs;
    if (!wasOpen) options.onChange('open');
  }

  return {
    async run(command) {
      const isProbe = isOpen();
      if (isProbe && (probing || options.now() < pausedUntil)) return undefined;
      probing = isProbe;
      try {
        const answer = await command();
        succeed();
        return answer;
      } catch (error) {
        if (options.isFailure(error)) fail();
        else succeed();
        return undefined;
      } finally {
        if (isProbe) probing = false;
      }
    },
  };
}
