import { currentTrace, runInTrace, type TraceContext } from './trace-context.js';

export type SpanKind = 'internal' | 'server' | 'client';
export type SpanAttributes = Readonly<Record<string, string | number>>;

/** A span that is over. Times are nanoseconds since the epoch. */
export type EndedSpan = {
  readonly context: TraceContext;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: SpanKind;
  readonly startedAt: bigint;
  readonly endedAt: bigint;
  readonly attributes: SpanAttributes;
  readonly failed: boolean;
};

/** A span that is going on. Names and attributes hold no path, query, statement value or secret. */
export type Span = {
  readonly context: TraceContext;
  end(outcome?: { readonly name?: string; readonly attributes?: SpanAttributes; readonly failed?: boolean }): void;
};

export type Tracer = {
  /** Begins a span under `parent`, or under the current one; without either it begins a trace. */
  start(name: string, kind: SpanKind, parent?: TraceContext): Span;
  /** Does work in a span of its own. */
  trace<T>(name: string, kind: SpanKind, attributes: SpanAttributes, work: () => Promise<T>): Promise<T>;
};

export type TracerDependencies = {
  readonly sampleRatio: number;
  readonly randomBytes: (length: number) => Buffer;
  /** Nanoseconds since the epoch. */
  readonly now: () => bigint;
  readonly onEnd: (span: EndedSpan) => void;
};

/** Makes a tracer. Whoever began the trace decides whether it is kept; we do where it begins here. */
export function createTracer({ sampleRatio, randomBytes, now, onEnd }: TracerDependencies): Tracer {
  function contextUnder(parent: TraceContext | undefined): TraceContext {
    const spanId = randomBytes(8).toString('hex');
    if (parent !== undefined) return { ...parent, spanId };
    const traceId = randomBytes(16).toString('hex');
    // The same trace id leads every sampler to the same decision.
    const sampled = Number.parseInt(traceId.slice(-13), 16) / 2 ** 52 < sampleRatio;
    return { traceId, spanId, sampled };
  }

  function start(name: string, kind: SpanKind, given?: TraceContext): Span {
    const parent = given ?? currentTrace();
    const context = contextUnder(parent);
    if (!context.sampled) return { context, end: () => undefined };
    const startedAt = now();
    let isOver = false;
    return {
      context,
      end(outcome = {}) {
        if (isOver) return;
        isOver = true;
        onEnd({
          context,
          ...(parent === undefined ? {} : { parentSpanId: parent.spanId }),
          name: outcome.name ?? name,
          kind,
          startedAt,
          endedAt: now(),
          attributes: outcome.attributes ?? {},
          failed: outcome.failed ?? false,
        });
      },
    };
  }

  return {
    start,
    async trace(name, kind, attributes, work) {
      const span = start(name, kind);
      try {
        const result = await runInTrace(span.context, work);
        span.end({ attributes });
        return result;
      } catch (error) {
        span.end({ attributes, failed: true });
        throw error;
      }
    },
  };
}
