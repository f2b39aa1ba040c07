import { createServer } from 'node:net';

/** Ports that nobody listens on now, below the range that the system hands out by itself. */
export async function freePorts(count: number): Promise<number[]> {
  const found: number[] = [];
  for (let tries = 0; found.length < count && tries < 500; tries++) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    if (!found.includes(port) && (await isFree(port))) found.push(port);
  }
  if (found.length < count) throw new Error('found no free ports');
  return found;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
