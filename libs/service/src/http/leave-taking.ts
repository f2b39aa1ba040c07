import type { Server } from 'node:http';

/** How long clients are asked to leave before connections that they keep idle are closed. */
const GOODBYE_MS = 1_000;
/** Requests that take longer than this are cut; their callers gave up ten seconds after they asked. */
const FUSE_MS = 12_000;
const POLL_MS = 20;

/**
 * How an HTTP server goes without losing a request. To close a kept-alive connection while its client sends the next
 * request on it would lose that one. So first every answer says `Connection: close`, which a client cannot overlook, and only what was idle all the
 * while is closed by us (RFC 9112 section 9.6).
 */
export type LeaveTaking = {
  /** From now on answers say `Connection: close`; new connections are still taken. */
  begin(): void;
  readonly begun: boolean;
  /** Begins, gives clients their time, takes no new connection, and waits until the last request is answered. */
  finish(server: Server): Promise<void>;
};

function connections(server: Server): Promise<number> {
  return new Promise((resolve) => server.getConnections((error, count) => resolve(error === null ? count : 0)));
}

/** Closes a server whose clients were told; connections that are busy end with their request. */
function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const fuse = setTimeout(() => server.closeAllConnections(), FUSE_MS);
    const sweep = setInterval(() => server.closeIdleConnections(), POLL_MS);
    server.close(() => {
      clearTimeout(fuse);
      clearInterval(sweep);
      resolve();
    });
  });
}

/** Makes the leave-taking of one server. */
export function createLeaveTaking(): LeaveTaking {
  let begunAt: number | undefined;

  function begin(): void {
    begunAt ??= performance.now();
  }

  return {
    begin,
    get begun() {
      return begunAt !== undefined;
    },
    async finish(server) {
      if (!server.listening) return;
      begin();
      const until = (begunAt ?? 0) + GOODBYE_MS;
      while (performance.now() < until && (await connections(server)) > 0) {
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
      await closeServer(server);
    },
  };
}
