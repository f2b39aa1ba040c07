import { randomBytes } from 'node:crypto';
import { tracingChannel } from 'node:diagnostics_channel';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { ConfigError } from '../config.js';
import { createLogger, createSilentLogger } from '../logger.js';
import { createMetrics } from '../metrics.js';
import { createOtlpExporter } from './otlp-exporter.js';
import { currentTrace, formatTraceparent, parseTraceparent, runInTrace } from './trace-context.js';
import { createTracer, type EndedSpan } from './tracer.js';
import { readTracingConfig } from './tracing.config.js';
import { activeTracer, startTracing } from './tracing.js';

const HEADER = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function collector(status: number): Promise<{ url: string; bodies: string[] }> {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    request.on('end', () => {
      bodies.push(text);
      response.writeHead(status).end('{}');
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, bodies };
}

function recorder(sampleRatio = 1) {
  const spans: EndedSpan[] = [];
  let time = 0n;
  const tracer = createTracer({ sampleRatio, randomBytes, now: () => ++time, onEnd: (span) => spans.push(span) });
  return { spans, tracer };
}

describe('a traceparent', () => {
  it('comes back as it was written', () => {
    const context = parseTraceparent(HEADER);
    expect(context).toMatchObject({ sampled: true });
    expect(context === undefined ? '' : formatTraceparent(context)).toBe(HEADER);
    expect(parseTraceparent(HEADER.replace(/01$/, '00'))?.sampled).toBe(false);
    expect(parseTraceparent(`cc${HEADER.slice(2)}-what-the-future-holds`)).toBeDefined();
  });

  it.each([
    undefined,
    '',
    HEADER.toUpperCase(),
    `ff${HEADER.slice(2)}`,
    `${HEADER}-more`,
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    `00-4bf92f3577b34da6a3ce929d0e0e4736-${'0'.repeat(16)}-01`,
    ` ${HEADER}`,
    `${HEADER}\n`,
  ])('that is %j is ignored', (value) => {
    expect(parseTraceparent(value)).toBeUndefined();
  });
});

describe('a span', () => {
  it('belongs to the one around it, and failing work is marked and thrown on', async () => {
    const { spans, tracer } = recorder();
    await expect(
      tracer.trace('outer', 'server', {}, () =>
        tracer.trace('inner', 'client', { n: 1 }, () => Promise.reject(new Error('x'))),
      ),
    ).rejects.toThrow('x');
    const [inner, outer] = spans;
    expect(inner).toMatchObject({
      name: 'inner',
      failed: true,
      attributes: { n: 1 },
      parentSpanId: outer?.context.spanId,
    });
    expect(outer?.context.traceId).toBe(inner?.context.traceId);
    expect(outer).not.toHaveProperty('parentSpanId');
    expect(currentTrace()).toBeUndefined();
  });

  it('is kept or not as whoever began the trace decided', () => {
    const { spans, tracer } = recorder(0);
    tracer.start('ours', 'server').end();
    tracer.start('theirs', 'server', parseTraceparent(HEADER)).end();
    expect(spans.map(({ name }) => name)).toEqual(['theirs']);
  });

  it('that is ended twice is one span', () => {
    const { spans, tracer } = recorder();
    const span = tracer.start('once', 'internal');
    span.end();
    span.end();
    expect(spans).toHaveLength(1);
  });
});

describe('the collector', () => {
  it('gets spans in the JSON form of OTLP', async () => {
    const { url, bodies } = await collector(200);
    const exporter = createOtlpExporter({ endpoint: url, serviceName: 'castellan-x', onChange() {}, onLost() {} });
    const { spans, tracer } = recorder();
    tracer.start('a', 'server', parseTraceparent(HEADER)).end({ attributes: { 'http.route': '/', n: 2 } });
    for (const span of spans) exporter.add(span);
    await exporter.stop();
    const sent = JSON.parse(bodies[0] ?? '') as { resourceSpans: { scopeSpans: { spans: object[] }[] }[] };
    expect(sent.resourceSpans[0]?.scopeSpans[0]?.spans[0]).toMatchObject({
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
      parentSpanId: '00f067aa0ba902b7',
      name: 'a',
      kind: 2,
      attributes: [
        { key: 'http.route', value: { stringValue: '/' } },
        { key: 'n', value: { intValue: '2' } },
      ],
    });
  });

  it('that refuses costs the spans, which are counted and told of once', async () => {
    const { url } = await collector(503);
    const told: string[] = [];
    let lost = 0;
    const exporter = createOtlpExporter({
      endpoint: url,
      serviceName: 'x',
      onChange: (state) => told.push(state),
      onLost: (count) => (lost += count),
    });
    const { spans, tracer } = recorder();
    for (let n = 0; n < 5_000; n++) tracer.start('a', 'internal').end();
    for (const span of spans) exporter.add(span);
    await exporter.stop();
    expect(lost).toBe(5_000);
    expect(told).toEqual(['lost']);
  });
});

describe('tracing', () => {
  it('is off, with nobody listening to statements, unless a collector is configured', async () => {
    expect(readTracingConfig({}, 'token')).toBeUndefined();
    const tracing = await startTracing(undefined, { logger: createSilentLogger(), metrics: createMetrics() });
    expect(activeTracer()).toBeUndefined();
    expect(tracingChannel('castellan:sql').start.hasSubscribers).toBe(false);
    await tracing.stop();
  });

  it('makes spans of statements while it is on, and stops with it', async () => {
    const { url, bodies } = await collector(200);
    const config = readTracingConfig({ OTEL_EXPORTER_OTLP_ENDPOINT: `${url}/` }, 'token');
    expect(config).toEqual({ endpoint: url, sampleRatio: 1, serviceName: 'castellan-token' });
    const tracing = await startTracing(config, { logger: createSilentLogger(), metrics: createMetrics() });
    const channel = tracingChannel<unknown, object>('castellan:sql');
    await channel.tracePromise(async () => 1, { name: 'token.find', component: 'token' });
    await channel
      .tracePromise(async () => Promise.reject(new Error('x')), { name: 'token.burn', component: 'token' })
      .catch(() => undefined);
    await tracing.stop();
    expect(channel.start.hasSubscribers).toBe(false);
    expect(activeTracer()).toBeUndefined();
    expect(bodies.join('')).toContain('token.find');
    expect(bodies.join('')).toMatch(/token\.burn.*"status":\{"code":2\}/);
  });

  it.each([
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' },
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c', OTEL_TRACES_SAMPLER_ARG: '2' },
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c', OTEL_TRACES_SAMPLER_ARG: '-0.1' },
  ])('is not started with %j', (env) => {
    expect(() => readTracingConfig(env, 'token')).toThrow(ConfigError);
  });

  it('puts the trace id on every line of the log that is written inside a trace', () => {
    const lines: string[] = [];
    const logger = createLogger({ format: 'json', destination: { write: (line) => void lines.push(line) } });
    const context = parseTraceparent(HEADER);
    if (context !== undefined) runInTrace(context, () => logger.info('inside'));
    logger.info('outside');
    expect(lines.map((line) => (JSON.parse(line) as { trace_id?: string }).trace_id)).toEqual([
      context?.traceId,
      undefined,
    ]);
  });
});
