import { send } from './http.js';
import type { ServiceName } from './product.js';
import type { Running } from './program.js';

/** Processes that start at once share the cores of a small machine, with whatever else runs there. */
export const START_MS = 120_000;

/** What a program writes when it takes calls. */
export const LISTENING = /Setting up (http|grpc) server|level=info msg="?Serving/i;

/** One of the processes of a product, which may be ended and started again. */
export type Replica = {
  readonly service: ServiceName;
  /** Origin of its health and metrics. */
  readonly operationsUrl: string;
  /** Sends the signal, and answers the exit code (none after SIGKILL). */
  stop(signal: NodeJS.Signals): Promise<number | null>;
  /** Starts it again at the same place, and waits until it is ready. */
  restart(): Promise<void>;
  /** Makes it do nothing and keep its connections, as one that hangs. */
  pause(): void;
  /** Lets a paused one go on. */
  resume(): void;
};

/** A replica as its product holds it. */
export type HeldReplica = Replica & {
  /** Waits until it says that it listens. */
  listening(): Promise<unknown>;
  /** Waits until it is ready. */
  settle(): Promise<void>;
  /** Everything that its processes wrote. */
  output(): string;
};

/** What the health of a replica is told to: a balancer, where there is one. */
export type ReplicaEvents = { readonly onReady?: () => void; readonly onRestart?: () => void };

/** Starts a process of a service, and again whenever it is told to. */
export function startReplica(
  service: ServiceName,
  operations: number,
  begin: () => Running,
  { onReady, onRestart }: ReplicaEvents = {},
): HeldReplica {
  const runs = [begin()];
  const current = (): Running => {
    const running = runs.at(-1);
    if (running === undefined) throw new Error('a replica has a process');
    return running;
  };
  const operationsUrl = `http://127.0.0.1:${operations}`;
  const listening = (): Promise<unknown> => current().until(LISTENING, START_MS);
  const resume = (): void => void current().child.kill('SIGCONT');
  async function settle(): Promise<void> {
    await listening();
    await untilHealthy(operationsUrl, () => current().output());
    onReady?.();
  }
  return {
    service,
    operationsUrl,
    listening,
    settle,
    output: () => runs.map((running) => running.output()).join('\n'),
    async stop(signal) {
      const ended = current().stop(signal);
      // A paused process hears no other signal but the last one.
      resume();
      return ended;
    },
    async restart() {
      onRestart?.();
      runs.push(begin());
      await settle();
    },
    pause: () => void current().child.kill('SIGSTOP'),
    resume,
  };
}

async function untilHealthy(operationsUrl: string, output: () => string): Promise<void> {
  const deadline = Date.now() + START_MS;
  while ((await send(`${operationsUrl}/health/ready`).catch(() => undefined))?.status !== 200) {
    if (Date.now() > deadline) throw new Error(`a service does not get ready:\n${output()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
