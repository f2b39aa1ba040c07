import net from 'node:net';

/** A TCP proxy that can be cut and mended: what stands between the product and its database in a fault test. */
export type CuttableProxy = {
  readonly port: number;
  /** Ends every connection and refuses new ones. */
  cut(): Promise<void>;
  /** Takes connections again. */
  mend(): Promise<void>;
  close(): Promise<void>;
};

/** Starts a proxy on a port that leads to another one of this machine. */
export async function startCuttableProxy(port: number, target: { host: string; port: number }): Promise<CuttableProxy> {
  const sockets = new Set<net.Socket>();
  let server: net.Server | undefined;

  function accept(near: net.Socket): void {
    const far = net.connect(target);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  }

  async function mend(): Promise<void> {
    server = net.createServer(accept);
    await new Promise<void>((resolve) => server?.listen(port, '127.0.0.1', resolve));
  }

  async function cut(): Promise<void> {
    const listening = server;
    server = undefined;
    if (listening === undefined) return;
    const closed = new Promise<void>((resolve) => listening.close(() => resolve()));
    for (const socket of sockets) socket.destroy();
    await closed;
  }

  await mend();
  return { port, cut, mend, close: cut };
}
