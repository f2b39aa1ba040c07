import net from 'node:net';

/** A TCP proxy that gives connections to several ports of this machine in turn. */
export type RoundRobinProxy = { close(): Promise<void> };

/** Connects to the first of the ports that takes the connection, beginning at one of them. */
function connectFrom(ports: readonly number[], first: number, tried = 0): Promise<net.Socket> {
  if (ports.length === 0) return Promise.reject(new Error('no target'));
  return new Promise((resolve, reject) => {
    const socket = net.connect(ports[(first + tried) % ports.length] ?? 0, '127.0.0.1');
    socket.once('connect', () => resolve(socket));
    socket.once('error', (error) => {
      if (tried + 1 >= ports.length) reject(error);
      else connectFrom(ports, first, tried + 1).then(resolve, reject);
    });
  });
}

function join(near: net.Socket, far: net.Socket): void {
  for (const [socket, other] of [
    [near, far],
    [far, near],
  ] as const) {
    socket.on('error', () => other.destroy());
    socket.on('close', () => other.destroy());
    socket.pipe(other);
  }
}

/**
 * Listens on a port and leads each connection to the next of `targets`, or to the one after it where that one takes no
 * connection: a balancer that knows nothing of what it carries, and learns late that one is gone.
 */
export async function startRoundRobinProxy(port: number, targets: () => readonly number[]): Promise<RoundRobinProxy> {
  const sockets = new Set<net.Socket>();
  let next = 0;
  const server = net.createServer({ pauseOnConnect: true }, (near) => {
    sockets.add(near);
    near.on('close', () => sockets.delete(near));
    near.on('error', () => undefined);
    connectFrom(targets(), next++).then(
      (far) => {
        if (near.destroyed) return void far.destroy();
        join(near, far);
        near.resume();
      },
      () => near.destroy(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, resolve);
  });
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
