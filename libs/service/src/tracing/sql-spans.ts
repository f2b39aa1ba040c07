import { tracingChannel } from 'node:diagnostics_channel';
import type { Span, Tracer } from './tracer.js';

/** What libs/postgres says of a statement on the channel `castellan:sql`: its name, never its values. */
type SqlMessage = { readonly name: string; readonly component: string };

/**
 * Makes a span of every statement. Stores publish on a diagnostics channel, which costs nothing while nobody listens.
 * A statement that serves a batch belongs to the request that opened the batch.
 */
export function traceSql(tracer: Tracer): () => void {
  const channel = tracingChannel<unknown, object>('castellan:sql');
  const spans = new WeakMap<object, { readonly span: Span; failed: boolean }>();
  const handlers = {
    start(message: object) {
      spans.set(message, { span: tracer.start((message as SqlMessage).name, 'client'), failed: false });
    },
    error(message: object) {
      const entry = spans.get(message);
      if (entry !== undefined) entry.failed = true;
    },
    asyncEnd(message: object) {
      const entry = spans.get(message);
      const { component } = message as SqlMessage;
      const attributes = { 'db.system.name': 'postgresql', 'db.namespace': component };
      entry?.span.end({ attributes, failed: entry.failed });
    },
    end: () => undefined,
    asyncStart: () => undefined,
  };
  channel.subscribe(handlers);
  return () => channel.unsubscribe(handlers);
}
