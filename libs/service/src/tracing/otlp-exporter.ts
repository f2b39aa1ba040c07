import type { EndedSpan, SpanKind } from './tracer.js';

export type OtlpExporterOptions = {
  /** Base URL of the collector; spans go to `/v1/traces`. */
  readonly endpoint: string;
  readonly serviceName: string;
  /** Told once when spans begin to be lost, and once when they arrive again. */
  readonly onChange: (state: 'lost' | 'arriving', reason?: unknown) => void;
  /** How many spans were lost. */
  readonly onLost: (count: number) => void;
};

export type OtlpExporter = {
  add(span: EndedSpan): void;
  /** Sends what is left, once. */
  stop(): Promise<void>;
};

const MOST_WAITING = 4096;
const MOST_AT_ONCE = 512;
const EVERY_MS = 2_000;
const TIMEOUT_MS = 5_000;
const KINDS: Readonly<Record<SpanKind, number>> = { internal: 1, server: 2, client: 3 };
const STATUS_ERROR = 2;

function attribute([key, value]: readonly [string, string | number]): object {
  const typed = typeof value === 'string' ? { stringValue: value } : { doubleValue: value };
  return { key, value: Number.isInteger(value) ? { intValue: String(value) } : typed };
}

/** An ExportTraceServiceRequest of OTLP 1.x in its JSON form. */
export function toOtlp(serviceName: string, spans: readonly EndedSpan[]): object {
  return {
    resourceSpans: [
      {
        resource: { attributes: [attribute(['service.name', serviceName])] },
        scopeSpans: [
          {
            scope: { name: 'castellan' },
            spans: spans.map((span) => ({
              traceId: span.context.traceId,
              spanId: span.context.spanId,
              ...(span.parentSpanId === undefined ? {} : { parentSpanId: span.parentSpanId }),
              name: span.name,
              kind: KINDS[span.kind],
              startTimeUnixNano: span.startedAt.toString(),
              endTimeUnixNano: span.endedAt.toString(),
              attributes: Object.entries(span.attributes).map(attribute),
              ...(span.failed ? { status: { code: STATUS_ERROR } } : {}),
            })),
          },
        ],
      },
    ],
  };
}

/** Sends spans to a collector in batches. It never holds up what is traced: what cannot be sent is lost and counted. */
export function createOtlpExporter(options: OtlpExporterOptions): OtlpExporter {
  const url = `${options.endpoint}/v1/traces`;
  let waiting: EndedSpan[] = [];
  let sending: Promise<void> | undefined;
  let isLosing = false;

  function lose(count: number, reason: unknown): void {
    options.onLost(count);
    if (!isLosing) options.onChange('lost', reason);
    isLosing = true;
  }

  async function send(batch: readonly EndedSpan[]): Promise<void> {
    try {
      const answer = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(toOtlp(options.serviceName, batch)),
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      await answer.arrayBuffer();
      if (!answer.ok) throw new Error(`the collector answered ${answer.status}`);
      if (isLosing) options.onChange('arriving');
      isLosing = false;
    } catch (error) {
      lose(batch.length, error);
    }
  }

  function flush(): Promise<void> {
    sending ??= (async () => {
      while (waiting.length > 0) {
        const batch = waiting.slice(0, MOST_AT_ONCE);
        waiting = waiting.slice(MOST_AT_ONCE);
        await send(batch);
      }
    })().finally(() => {
      sending = undefined;
    });
    return sending;
  }

  const timer = setInterval(() => void flush(), EVERY_MS);
  timer.unref();
  return {
    add(span) {
      if (waiting.length >= MOST_WAITING) return lose(1, new Error('too many spans are waiting'));
      waiting.push(span);
      if (waiting.length === MOST_AT_ONCE) void flush();
    },
    async stop() {
      clearInterval(timer);
      await flush();
    },
  };
}
