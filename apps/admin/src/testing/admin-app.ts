import { request as httpRequest } from 'node:http';

import { createHttpApp, createLogger, RpcModule } from '@castellan/service';
import type { LightMyRequestResponse } from 'fastify';

import type { AdminConfig } from '../admin.config.js';
import { AdminModule } from '../admin.module.js';
import { createBackends, type Backends } from './backends.js';
import { backendsModule } from './backends.module.js';

/** An admin API in process, on services that a test can read and change. */
export type TestAdmin = {
  readonly backends: Backends;
  /** Generated root credentials that were announced. */
  readonly announced: { id: string; secret: string }[];
  /** Lines of the log. */
  readonly log: string[];
  /** Sends a request with the root token; `body` is JSON text. */
  call(method: string, url: string, body?: string, headers?: Record<string, string>): Promise<LightMyRequestResponse>;
  /** The same without a token. */
  callWithout(
    method: string,
    url: string,
    body?: string,
    headers?: Record<string, string>,
  ): Promise<LightMyRequestResponse>;
  /** Status of a request without a token whose target goes over a socket byte by byte. */
  statusOf(method: string, target: string): Promise<number>;
  close(): Promise<void>;
};

export async function startTestAdmin(
  config: AdminConfig = { resourceNamePrefix: 'rn:hydra' },
  backends: Backends = createBackends(),
): Promise<TestAdmin> {
  const announced: { id: string; secret: string }[] = [];
  const log: string[] = [];
  const http = await createHttpApp({
    modules: [
      RpcModule.forRoot({ inProcessCodec: true }),
      backendsModule(backends),
      AdminModule.forRoot(config, { announce: (id, secret) => announced.push({ id, secret }) }),
    ],
    logger: createLogger({ level: 'info', destination: { write: (line) => log.push(line) } }),
    transport: { kind: 'http' },
    accessLog: false,
  });
  const port = await http.listen({ host: '127.0.0.1', port: 0 });

  function callWithout(
    method: string,
    url: string,
    body?: string,
    headers: Record<string, string> = {},
  ): Promise<LightMyRequestResponse> {
    const json = body !== undefined ? { 'content-type': 'application/json' } : {};
    return http.app.inject({
      method: method as 'GET',
      url,
      headers: { ...json, ...headers },
      ...(body !== undefined ? { payload: body } : {}),
    });
  }

  return {
    backends,
    announced,
    log,
    callWithout,
    call: (method, url, body, headers = {}) =>
      callWithout(method, url, body, { authorization: 'Bearer root-token', ...headers }),
    statusOf: (method, target) => statusOf(port, method, target),
    close: () => http.close(),
  };
}

function statusOf(port: number, method: string, target: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, method, path: target, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on('error', reject).end();
  });
}
