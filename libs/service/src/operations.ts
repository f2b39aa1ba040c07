import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { collectDefaultMetrics } from 'prom-client';
import { watchBatches } from './batch-metrics.js';
import { ConfigError } from './config.js';
import type { Metrics } from './metrics.js';
import type { Readiness } from './readiness.js';

export type OperationsOptions = {
  /** All interfaces when absent. */
  readonly host?: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly metrics: Metrics;
  /** Undefined while the process is starting. */
  readonly readiness: Readiness | undefined;
};

export type Operations = { readonly port: number; close(): Promise<void> };

function send(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, {
    'content-type': contentType,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(status === 405 ? { allow: 'GET, HEAD' } : {}),
  });
  response.end(body);
}

async function answer(request: IncomingMessage, response: ServerResponse, options: OperationsOptions): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return send(response, 405, 'application/json', '{"status":"method not allowed"}');
  }
  switch (request.url?.split('?', 1)[0]) {
    case '/health/alive':
      return send(response, 200, 'application/json', '{"status":"ok"}');
    case '/health/ready': {
      const report = (await options.readiness?.report()) ?? { ready: false, failing: ['start'] };
      const body = report.ready ? { status: 'ok' } : { status: 'unavailable', failing: report.failing };
      return send(response, report.ready ? 200 : 503, 'application/json', JSON.stringify(body));
    }
    case '/metrics':
      return send(response, 200, options.metrics.registry.contentType, await options.metrics.registry.metrics());
    default:
      return send(response, 404, 'application/json', '{"status":"not found"}');
  }
}

function listen(server: Server, port: number, host: string | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const reason = error.code === 'EADDRINUSE' ? 'it is in use' : (error.code ?? 'unknown reason');
      reject(new ConfigError(`cannot listen on operations port ${port}: ${reason}`));
    });
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** Serves `/health/alive`, `/health/ready` and `/metrics` on a port of their own, for the operator's network only. */
export async function startOperations(options: OperationsOptions): Promise<Operations> {
  const server = createServer(
    { headersTimeout: 10_000, requestTimeout: 10_000, maxHeaderSize: 8192 },
    (request, response) => {
      answer(request, response, options).catch(() => {
        if (!response.headersSent) send(response, 500, 'application/json', '{"status":"error"}');
        else response.destroy();
      });
    },
  );
  collectDefaultMetrics({ register: options.metrics.registry });
  options.metrics.watch({
    name: 'castellan_ready',
    help: '1 while this process would get traffic.',
    labels: [],
    read: async () => [{ labels: {}, value: (await options.readiness?.report())?.ready === true ? 1 : 0 }],
  });
  const port = await listen(server, options.port, options.host);
  const forgetBatches = watchBatches(options.metrics);
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        forgetBatches();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
