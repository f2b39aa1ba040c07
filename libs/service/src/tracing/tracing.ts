import type { Logger } from '../logger.js';
import type { Metrics } from '../metrics.js';
import type { Tracer } from './tracer.js';
import type { TracingConfig } from './tracing.config.js';

let active: Tracer | undefined;

/** The tracer of this process; undefined, and nothing but this read on any path, while tracing is off. */
export function activeTracer(): Tracer | undefined {
  return active;
}

export type Tracing = { stop(): Promise<void> };

/** Starts tracing where it is configured; else loads nothing. Call before anything serves. */
export async function startTracing(
  config: TracingConfig | undefined,
  to: { readonly logger: Logger; readonly metrics: Metrics },
): Promise<Tracing> {
  if (config === undefined) return { stop: async () => undefined };
  const [{ createOtlpExporter }, { createTracer }, { traceSql }, { randomBytes }] = await Promise.all([
    import('./otlp-exporter.js'),
    import('./tracer.js'),
    import('./sql-spans.js'),
    import('node:crypto'),
  ]);
  const exporter = createOtlpExporter({
    endpoint: config.endpoint,
    serviceName: config.serviceName,
    onLost: (count) => to.metrics.countLostSpans(count),
    onChange(state, error) {
      if (state === 'lost') to.logger.warn('The trace collector does not take spans; they are lost', { error });
      else to.logger.info('The trace collector takes spans again');
    },
  });
  // One reading of the wall clock, then the monotonic one: a span never ends before it began.
  const epoch = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint();
  const tracer = createTracer({
    sampleRatio: config.sampleRatio,
    randomBytes,
    now: () => epoch + process.hrtime.bigint(),
    onEnd: (span) => exporter.add(span),
  });
  const stopSql = traceSql(tracer);
  active = tracer;
  to.logger.info('Traces are sent', { endpoint: config.endpoint, ratio: config.sampleRatio });
  return {
    async stop() {
      active = undefined;
      stopSql();
      await exporter.stop();
    },
  };
}
