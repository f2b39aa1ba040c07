import { Counter } from 'prom-client';
import type { Metrics } from '../metrics.js';
import type { Admission } from './admission.js';

/** Shows what admission control decides; nothing is counted twice, for it counts itself. */
export function watchAdmission(metrics: Metrics, admission: Admission): void {
  const registers = [metrics.registry];
  new Counter({
    name: 'castellan_admission_admitted_total',
    help: 'Requests and rpcs that were let in, by class.',
    labelNames: ['class'],
    registers,
    collect() {
      this.reset();
      for (const [name, count] of Object.entries(admission.report().admitted)) this.inc({ class: name }, count);
    },
  });
  new Counter({
    name: 'castellan_admission_refused_total',
    help: 'Requests and rpcs that were turned away, by class and reason: overload, or address (more than its share).',
    labelNames: ['class', 'reason'],
    registers,
    collect() {
      this.reset();
      for (const [reason, counts] of Object.entries(admission.report().refused)) {
        for (const [name, count] of Object.entries(counts)) this.inc({ class: name, reason }, count);
      }
    },
  });
  metrics.watch({
    name: 'castellan_admission_limit',
    help: 'Requests and rpcs that may be under way at once.',
    labels: [],
    read: () => [{ labels: {}, value: admission.report().limit }],
  });
  metrics.watch({
    name: 'castellan_admission_in_flight',
    help: 'Requests and rpcs that were let in and are under way, by class.',
    labels: ['class'],
    read: () =>
      Object.entries(admission.report().inFlight).map(([name, value]) => ({ labels: { class: name }, value })),
  });
  metrics.watch({
    name: 'castellan_admission_delay_seconds',
    help: 'Time that every event of the last interval stood in line at least.',
    labels: [],
    read: () => [{ labels: {}, value: admission.report().standingDelayMs / 1000 }],
  });
}
