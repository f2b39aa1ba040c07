import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Token of the process's metrics; provided globally by `ServiceModule`. */
export const METRICS = Symbol('METRICS');

/** What a process counts. Labels are bounded: rpc names, route patterns, methods, statuses; never a path or an id. */
export type Metrics = {
  readonly registry: Registry;
  observeRpc(rpc: string, code: string, seconds: number): void;
  observeHttp(method: string, route: string, status: number, seconds: number): void;
  countFault(kind: 'unhandled_rejection' | 'rpc' | 'http'): void;
  /** A request or rpc began (1) or ended (-1). */
  countInFlight(kind: 'http' | 'rpc', change: 1 | -1): void;
  /** A service that was needed did not answer, so that what needed it was refused. */
  countFailClosed(dependency: string): void;
  /** A code or refresh token was presented that had been used before. */
  countReuse(kind: 'authorization_code' | 'refresh_token'): void;
  /** Of several that would use the same thing at once, one lost. */
  countBurnConflict(kind: 'authorization_code' | 'refresh_token'): void;
  /** Something happened between a cache and where it keeps things. */
  countCacheEvent(cache: string, event: string): void;
  countLostSpans(count: number): void;
  /** An attempt to deliver a message of the outbox ended: delivered, nobody left to tell, failed, or given up. */
  countDelivery(kind: string, outcome: 'delivered' | 'obsolete' | 'failed' | 'dead'): void;
  /** Adds a gauge that is read whenever somebody asks; one whose reading fails is left out of that answer. */
  watch(gauge: WatchedGauge): void;
  /** Counts a decision of the Warden by where it came from; the sources are those of its decision cache. */
  countDecision(source: string): void;
  /** Counts records of decisions that a sink of the decision log got, or did not. */
  countDecisionRecords(sink: string, outcome: 'written' | 'dropped', count: number): void;
};

/** A gauge that is read on demand. */
export type WatchedGauge = {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  read(): readonly GaugeReading[] | Promise<readonly GaugeReading[]>;
};

export type GaugeReading = { readonly labels: Readonly<Record<string, string>>; readonly value: number };

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
  const inFlight = new Gauge({
    name: 'castellan_requests_in_flight',
    help: 'HTTP requests and rpcs being answered.',
    labelNames: ['kind'],
    registers,
  });
  const failClosed = new Counter({
    name: 'castellan_fail_closed_total',
    help: 'Calls refused because a service that they need did not answer.',
    labelNames: ['dependency'],
    registers,
  });
  const reuse = new Counter({
    name: 'castellan_reuse_detected_total',
    help: 'Authorization codes and refresh tokens presented after they were used.',
    labelNames: ['kind'],
    registers,
  });
  const conflicts = new Counter({
    name: 'castellan_burn_conflict_total',
    help: 'Uses of a single-use thing that lost to another at the same moment.',
    labelNames: ['kind'],
    registers,
  });
  const cacheEvents = new Counter({
    name: 'castellan_cache_events_total',
    help: 'Outages and forgeries that caches met.',
    labelNames: ['cache', 'event'],
    registers,
  });
  const lostSpans = new Counter({
    name: 'castellan_spans_lost_total',
    help: 'Spans that the trace collector did not take.',
    registers,
  });
  const deliveries = new Counter({
    name: 'castellan_outbox_attempts_total',
    help: 'Attempts to deliver messages of the outbox, by kind and outcome.',
    labelNames: ['kind', 'outcome'],
    registers,
  });
  const watched = new Map<string, WatchedGauge[]>();
  // A series that is there from the start can be watched for its first event.
  for (const kind of ['http', 'rpc']) inFlight.set({ kind }, 0);
  for (const kind of ['authorization_code', 'refresh_token']) {
    reuse.inc({ kind }, 0);
    conflicts.inc({ kind }, 0);
  }
  const decisions = new Counter({
    name: 'castellan_warden_decisions_total',
    help: 'Decisions by source: bypass (cheaper made than looked up), local_hit, redis_hit, shared, miss.',
    labelNames: ['source'],
    registers,
  });
  const decisionRecords = new Counter({
    name: 'castellan_warden_decision_records_total',
    help: 'Records of decisions by sink (table, stdout) and outcome: written, or dropped because it is full or away.',
    labelNames: ['sink', 'outcome'],
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
    countInFlight: (kind, change) => inFlight.inc({ kind }, change),
    countFailClosed: (dependency) => failClosed.inc({ dependency }),
    countReuse: (kind) => reuse.inc({ kind }),
    countBurnConflict: (kind) => conflicts.inc({ kind }),
    countCacheEvent: (cache, event) => cacheEvents.inc({ cache, event }),
    countLostSpans: (count) => lostSpans.inc(count),
    countDelivery: (kind, outcome) => deliveries.inc({ kind, outcome }),
    watch(gauge) {
      const same = watched.get(gauge.name);
      if (same !== undefined) return void same.push(gauge);
      const readers = [gauge];
      watched.set(gauge.name, readers);
      registry.registerMetric(createWatchedGauge(gauge, readers));
    },
    countDecision: (source) => decisions.inc({ source }),
    countDecisionRecords: (sink, outcome, count) => decisionRecords.inc({ sink, outcome }, count),
  };
}

/** In one process several modules watch things of one kind, such as their pools: one gauge, all their readings. */
function createWatchedGauge({ name, help, labels }: WatchedGauge, readers: readonly WatchedGauge[]): Gauge {
  return new Gauge({
    name,
    help,
    labelNames: [...labels],
    registers: [],
    async collect() {
      const readings = await Promise.all(
        readers.map(async (reader) => reader.read()).map((reading) => reading.catch(() => [])),
      );
      this.reset();
      for (const reading of readings.flat()) this.set(reading.labels, reading.value);
    },
  });
}

/** Watches a pool of database connections. */
export function watchPool(
  metrics: Metrics,
  component: string,
  pool: { readonly totalCount: number; readonly idleCount: number; readonly waitingCount: number },
): void {
  metrics.watch({
    name: 'castellan_database_pool_connections',
    help: 'Connections of the pool by state, and callers that wait for one.',
    labels: ['component', 'state'],
    read: () => [
      { labels: { component, state: 'busy' }, value: pool.totalCount - pool.idleCount },
      { labels: { component, state: 'idle' }, value: pool.idleCount },
      { labels: { component, state: 'waiting' }, value: pool.waitingCount },
    ],
  });
}
