import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** How long clients are asked to leave before connections that they keep idle are closed. */
const GOODBYE_MS = 1_000;
/** Requests that take longer than this are cut; their callers gave up ten seconds after they asked. */
const FUSE_MS = 12_000;
/** What a connection may take to its first request: on a busy machine a TLS handshake is slow, and its request is lost with it. */
const FIRST_REQUEST_MS = 4_000;
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
  /** Told of the server before it listens. */
  watch(server: Server): void;
  /** Begins, gives clients their time, takes no new connection, and waits until the last request is answered. */
  finish(server: Server): Promise<void>;
};

function connections(server: Server): Promise<number> {
  return new Promise((resolve) => server.getConnections((error, count) => resolve(error === null ? count : 0)));
}

/**
 * Connections on which nothing was ever asked, by when they came: their TLS handshake or first request is still to come,
 * and Node counts them as busy.
 */
function watchSilent(server: Server): ReadonlyMap<Duplex, number> {
  const silent = new Map<Duplex, number>();
  const bySource = new Map<string, Socket>();
  const source = (socket: Socket): string => `${socket.remoteAddress} ${socket.remotePort}`;
  server.on('connection', (socket: Socket) => {
    const name = source(socket);
    silent.set(socket, performance.now());
    bySource.set(name, socket);
    socket.once('close', () => {
      silent.delete(socket);
      if (bySource.get(name) === socket) bySource.delete(name);
    });
  });
  const asked = new WeakSet<Socket>();
  // A request on TLS comes from a socket of its own, over the one that connected.
  server.on('request', ({ socket }: IncomingMessage) => {
    if (asked.has(socket)) return;
    asked.add(socket);
    silent.delete(bySource.get(source(socket)) ?? socket);
  });
  return silent;
}

/** Closes a server whose clients were told; connections that are busy end with their request. */
function closeServer(server: Server, silent: ReadonlyMap<Duplex, number>): Promise<void> {
  return new Promise((resolve) => {
    const fuse = setTimeout(() => {
      server.closeAllConnections();
      for (const socket of silent.keys()) socket.destroy();
    }, FUSE_MS);
    const sweep = setInterval(() => {
      server.closeIdleConnections();
      for (const [socket, since] of silent) if (performance.now() - since > FIRST_REQUEST_MS) socket.destroy();
    }, POLL_MS);
    server.close(() => {
      clearTimeout(fuse);
      clearInterval(sweep);
      resolve();
    });
  });
}

/** Makes the leave-taking of one server, which does not listen yet. */
export function createLeaveTaking(): LeaveTaking {
  let begunAt: number | undefined;
  let silent: ReadonlyMap<Duplex, number> = new Map();

  function begin(): void {
    begunAt ??= performance.now();
  }

  return {
    begin,
    get begun() {
      return begunAt !== undefined;
    },
    watch(server) {
      silent = watchSilent(server);
    },
    async finish(server) {
      if (!server.listening) return;
      begin();
      const until = (begunAt ?? 0) + GOODBYE_MS;
      while (performance.now() < until && (await connections(server)) > 0) {
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
      await closeServer(server, silent);
    },
  };
}
