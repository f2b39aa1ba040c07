import { request as httpRequest } from 'node:http';

import {
  AdmissionDoor,
  type ConcurrencyLimits,
  createHttpApp,
  createSilentLogger,
  RpcModule,
  type HttpTransport,
} from '@castellan/service';
import type { LightMyRequestResponse } from 'fastify';

import type { GatewayConfig } from '../gateway.config.js';
import { GatewayModule } from '../gateway.module.js';
import { backendsModule, createBackends, type Backends } from './backends.module.js';

export type TestRequest = {
  readonly method?: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly payload?: string;
};

/** A gateway in process, on services that answer what the test says. */
export type TestGateway = {
  readonly backends: Backends;
  request(request: TestRequest): Promise<LightMyRequestResponse>;
  /** Posts a form. */
  post(url: string, form: string, headers?: Readonly<Record<string, string>>): Promise<LightMyRequestResponse>;
  /** Status of a request whose target goes over a socket byte by byte; `inject` would tidy it up. */
  statusOf(method: string, target: string): Promise<number>;
  /** Takes one of the places of admission control; answers what gives it back. */
  takePlace(): () => void;
  close(): Promise<void>;
};

export async function startTestGateway(
  config: GatewayConfig = {},
  transport: HttpTransport = { kind: 'http' },
  admission?: ConcurrencyLimits,
): Promise<TestGateway> {
  const backends = createBackends();
  const http = await createHttpApp({
    modules: [RpcModule.forRoot({ inProcessCodec: true }), backendsModule(backends), GatewayModule.forRoot(config)],
    logger: createSilentLogger(),
    transport,
    accessLog: false,
    ...(admission === undefined ? {} : { admission }),
  });
  const { app } = http;
  const port = await http.listen({ host: '127.0.0.1', port: 0 });
  const request = ({ method = 'GET', ...rest }: TestRequest): Promise<LightMyRequestResponse> =>
    app.inject({ method: method as 'GET', ...rest });
  return {
    backends,
    takePlace() {
      const door = app.get(AdmissionDoor, { strict: false });
      const arrival = { of: 'decision', address: '' } as const;
      door.admission.enter(arrival);
      return () => door.admission.leave(arrival);
    },
    request,
    post: (url, form, headers = {}) =>
      request({
        method: 'POST',
        url,
        payload: form,
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      }),
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
