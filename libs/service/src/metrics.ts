import { Counter, Histogram, Registry } from 'prom-client';

/** Token of the process's metrics; provided globally by `ServiceModule`. */
export const METRICS = Symbol('METRICS');

/** What a process counts. Labels are bounded: rpc names, route patterns, methods, statuses; never a path or an id. */
export type Metrics = {
  readonly registry: Registry;
  observeRpc(rpc: string, code: string, seconds: number): void;
  observeHttp(method: string, route: string, status: number, seconds: number): void;
  countFault(kind: 'unhandled_rejection' | 'rpc' | 'http'): void;
  /** Counts a decision of the Warden by where it came from; the sources are those of its decision cache. */
  countDecision(source: string): void;
};

const DURATION_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Makes the metrics of one process in a registry of its own. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const rpcs = new Counter({
    name: 'castellan_rpc_requests_total',
    help: 'Rpcs answered, by name and status code.',
    labelNames: ['rpc', 'code'],
    registers,
  });
  const rpcDurations = new Histogram({
    name: 'castellan_rpc_duration_seconds',
    help: 'Time to answer an rpc.',
    labelNames: ['rpc'],
    buckets: DURATION_BUCKETS,
    registers,
  });
  const requests = new Counter({
    name: 'castellan_http_requests_total',
    help: 'HTTP requests answered, by method, route pattern and status.',
    labelNames: ['method', 'route', 'status'],
    registers,
  });
  const requestDurations = new Histogram({
    name: 'castellan_http_duration_seconds',
    help: 'Time to answer an HTTP request.',
    labelNames: ['method', 'route'],
    buckets: DURATION_BUCKETS,
    registers,
  });
  const faults = new Counter({
    name: 'castellan_faults_total',
    help: 'Errors that are no answers: bugs and outages.',
    labelNames: ['kind'],
    registers,
  });
  const decisions = new Counter({
    name: 'castellan_warden_decisions_total',
    help: 'Decisions by source: bypass (cheaper made than looked up), local_hit, redis_hit, shared, miss.',
    labelNames: ['source'],
    registers,
  });
  return {
    registry,
    observeRpc(rpc, code, seconds) {
      rpcs.inc({ rpc, code });
      rpcDurations.observe({ rpc }, seconds);
    },
    observeHttp(method, route, status, seconds) {
      const known = METHODS.has(method) ? method : 'other';
      requests.inc({ method: known, route, status });
      requestDurations.observe({ method: known, route }, seconds);
    },
    countFault: (kind) => faults.inc({ kind }),
    countDecision: (source) => decisions.inc({ source }),
  };
}
