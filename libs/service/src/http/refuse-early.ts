import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import { readRequestId } from '@castellan/rpc';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { AdmissionDoor } from '../admission/admission.module.js';
import type { Refusal } from '../admission/admission.js';
import type { Metrics } from '../metrics.js';
import { httpsDemand } from './answer-headers.js';
import type { LeaveTaking } from './leave-taking.js';
import type { RefusalTurns } from './refusal-turns.js';
import { transportFacts, type HttpTransport } from './transport.js';

/** A refusal as it was answered; `headers` are names and values in turn, without what each answer has of its own. */
type Answer = { readonly status: number; readonly headers: readonly string[]; readonly body: string };

/** What each answer gets anew, since it depends on the request or comes from Node. */
const OF_EACH_ANSWER = new Set([
  ...['x-request-id', 'strict-transport-security'],
  ...['content-length', 'date', 'connection', 'keep-alive'],
]);
/** Whoever accepts one of these gets the same refusal as the others who do. */
const PLAIN_ACCEPT: ReadonlySet<string | undefined> = new Set([undefined, '*/*', 'application/json']);

export type EarlyRefusals = {
  /** Keeps how a request was refused, where whoever asks the same gets the same. */
  keep(request: FastifyRequest, reply: FastifyReply, refusal: Refusal, payload: unknown): void;
  /** What was decided of a request that could not be refused early; whoever takes it does not decide again. */
  decided(request: IncomingMessage): Refusal | undefined;
};

export type EarlyRefusalOptions = {
  readonly transport: HttpTransport;
  readonly leave: LeaveTaking;
  readonly metrics: Metrics;
  readonly turns: RefusalTurns;
  readonly door: () => AdmissionDoor | undefined;
};

/**
 * Refusing must be cheap when there is much to refuse. The first refusal of a route goes through router, hooks and error
 * forms like any answer; the same refusal is repeated from memory as soon as the headers of a request are here. Nothing is
 * kept before something was refused, and at most one answer for each route, method and reason.
 */
export function refuseEarly(server: FastifyInstance, options: EarlyRefusalOptions): EarlyRefusals {
  const { transport, leave, metrics, turns, door } = options;
  const answers = new Map<string, Map<Refusal, Answer>>();
  const undone = new WeakMap<IncomingMessage, Refusal>();

  function refuse(request: IncomingMessage, response: ServerResponse): boolean {
    const found = door();
    const known = isPlain(request) && !leave.begun ? answers.get(keyOf(request)) : undefined;
    if (found === undefined || known === undefined) return false;
    const facts = transportFacts(request, transport);
    if (transport.kind === 'terminated' && !facts.secure) return false;
    const path = request.url ?? '';
    const of = found.classOf(path);
    const refusal = of === 'always' ? undefined : found.admission.refuse({ of, address: facts.clientAddress });
    if (refusal === undefined) return false;
    const answer = known.get(refusal);
    if (answer === undefined) {
      undone.set(request, refusal);
      return false;
    }
    const startedAt = performance.now();
    // Whatever it holds is not kept while the refusal waits.
    request.resume();
    turns.next(() => {
      repeat(answer, request, response, facts.secure);
      metrics.observeHttp(request.method ?? '', path, answer.status, (performance.now() - startedAt) / 1000);
    });
    return true;
  }

  function repeat(answer: Answer, request: IncomingMessage, response: ServerResponse, secure: boolean): void {
    const id = readRequestId(request.headers['x-request-id']);
    const length = String(Buffer.byteLength(answer.body));
    const demand = Object.entries(httpsDemand(secure, request.headers.host ?? '')).flat();
    response.writeHead(answer.status, [...answer.headers, ...demand, 'x-request-id', id, 'content-length', length]);
    response.end(answer.body);
  }

  const handlers = server.server.listeners('request') as RequestListener[];
  server.server.removeAllListeners('request');
  server.server.on('request', (request, response) => {
    if (answers.size > 0 && refuse(request, response)) return;
    for (const handle of handlers) handle(request, response);
  });

  return {
    keep(request, reply, refusal, payload) {
      // A pattern that is the whole target: there are no more keys than routes.
      if (request.routeOptions.url !== request.raw.url || request.method === 'HEAD' || !isPlain(request.raw)) return;
      if (typeof payload !== 'string' || payload.includes(request.id)) return;
      const headers = Object.entries(reply.getHeaders()).filter(([name]) => !OF_EACH_ANSWER.has(name));
      const key = keyOf(request.raw);
      const known = answers.get(key) ?? new Map<Refusal, Answer>();
      answers.set(key, known);
      known.set(refusal, {
        status: reply.statusCode,
        headers: headers.flatMap(([name, value]) => [name, String(value)]),
        body: payload,
      });
    },
    decided: (request) => undone.get(request),
  };
}

/** Neither a page of another origin, which needs CORS headers, nor one who wants another form than JSON. */
function isPlain({ headers }: IncomingMessage): boolean {
  return headers.origin === undefined && PLAIN_ACCEPT.has(headers.accept);
}

/** Some forms say the ID that the caller sent, others say none. */
function keyOf({ method = '', url = '', headers }: IncomingMessage): string {
  return headers['x-request-id'] === undefined ? `${method} ${url}` : `${method} ${url} with an ID`;
}
