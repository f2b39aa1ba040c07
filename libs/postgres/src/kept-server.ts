import type { ChildProcess } from 'node:child_process';

/** How long an ended server stays down: what is left of it may hold its shared memory for a moment. */
const PAUSE_MS = 1_000;

/** A server that is started again when it ends by itself. */
export type KeptServer = {
  /** The process that serves now, or that served last. */
  server(): ChildProcess;
  /** Lets the server end from here on, and answers it. */
  letGo(): ChildProcess;
};

/** Keeps a started server running, and tells `onEnded` of each end; without that, what ends stays down. */
export function keepServer(
  first: ChildProcess,
  launch: () => ChildProcess,
  onEnded?: (line: string) => void,
): KeptServer {
  let current = first;
  let isKept = onEnded !== undefined;
  let pause: NodeJS.Timeout | undefined;

  function watch(server: ChildProcess): void {
    current = server;
    // What it writes is read by nobody; a full pipe would stop it.
    server.stderr?.resume();
    const end = (how: string): void => {
      if (!isKept || current !== server) return;
      clearTimeout(pause);
      pause = setTimeout(() => isKept && watch(launch()), PAUSE_MS);
      onEnded?.(`The embedded PostgreSQL ended (${how}) and is started again`);
    };
    server.once('exit', (code, signal) => end(signal ?? `exit ${code}`));
    server.once('error', (cause) => end(cause.message));
    if (server.exitCode !== null || server.signalCode !== null) end(server.signalCode ?? `exit ${server.exitCode}`);
  }

  watch(first);
  return {
    server: () => current,
    letGo() {
      isKept = false;
      clearTimeout(pause);
      return current;
    },
  };
}
