import { AsyncLocalStorage } from 'node:async_hooks';

/** Where in a trace something happens (W3C Trace Context): 32 and 16 hexadecimal digits. */
export type TraceContext = { readonly traceId: string; readonly spanId: string; readonly sampled: boolean };

const storage = new AsyncLocalStorage<TraceContext>();

/** The context of the work that is being done; undefined while nothing is traced. */
export function currentTrace(): TraceContext | undefined {
  return storage.getStore();
}

/** Does work inside a context. */
export function runInTrace<T>(context: TraceContext, work: () => T): T {
  return storage.run(context, work);
}

/** Reads a `traceparent` header; undefined when it is absent or malformed (W3C Trace Context section 3.2). */
export function parseTraceparent(value: unknown): TraceContext | undefined {
  if (typeof value !== 'string') return undefined;
  const match = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/.exec(value);
  if (match === null) return undefined;
  const [, version, traceId = '', spanId = '', flags = '', rest] = match;
  if (version === 'ff' || (version === '00' && rest !== undefined)) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** Writes a `traceparent` header. */
export function formatTraceparent({ traceId, spanId, sampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
}
