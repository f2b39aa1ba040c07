import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CommandError, errorText } from '../terminal.js';

/** What is shown to the browser. */
export type CallbackPage = { readonly status: number; readonly html: string };

/** Answers one callback request by its query parameters. `isLast` closes the listener once the page is delivered. */
export type CallbackHandler = (parameters: URLSearchParams) => Promise<CallbackPage & { readonly isLast?: boolean }>;

export type CallbackListener = {
  /** The first port listened on. */
  readonly port: number;
  /** Resolves when the last page was delivered and all connections are closed. */
  readonly done: Promise<void>;
  close(): void;
};

export type ListenAddress = {
  readonly port: number;
  /** Absent: all interfaces. */
  readonly host?: string;
  /** The address may be missing on this machine, such as `::1` without IPv6. */
  readonly optional?: true;
};

const headers = {
  'Content-Type': 'text/html; charset=utf-8',
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

/**
 * Listens for the redirect of an authorization response on every address given. Only GET on one of the paths is a callback. Throws
 * CommandError when a port is busy.
 */
export async function listenForCallback(
  addresses: readonly ListenAddress[],
  paths: readonly string[],
  handle: CallbackHandler,
): Promise<CallbackListener> {
  const servers: Server[] = [];
  let finish: () => void = () => undefined;
  const done = new Promise<void>((resolve) => (finish = resolve));

  function close(): void {
    for (const server of servers) {
      server.close();
      server.closeAllConnections();
    }
    finish();
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://callback.invalid');
    if (request.method !== 'GET' || !paths.includes(url.pathname)) {
      response.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8' }).end('404 page not found\n');
      return;
    }
    const page = await handle(url.searchParams);
    // A browser keeps its connection open for a while, which must not keep the program alive.
    if (page.isLast === true) response.once('close', close);
    response.writeHead(page.status, { ...headers, Connection: 'close' }).end(page.html);
  }

  try {
    for (const address of addresses) {
      const server = createServer((request, response) => {
        answer(request, response).catch(() => response.destroy());
      });
      if (await listen(server, address)) servers.push(server);
    }
  } catch (error) {
    close();
    throw error;
  }
  const bound = servers[0]?.address() as AddressInfo | null | undefined;
  return { port: bound?.port ?? 0, done, close };
}

function listen(server: Server, address: ListenAddress): Promise<boolean> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') {
        reject(new CommandError(`Could not set up callback listener: port ${address.port} is already in use.`));
      } else if (address.optional === true) resolve(false);
      else reject(new CommandError(`Could not set up callback listener: ${errorText(error)}`));
    });
    server.listen({ port: address.port, ...(address.host !== undefined ? { host: address.host } : {}) }, () =>
      resolve(true),
    );
  });
}
