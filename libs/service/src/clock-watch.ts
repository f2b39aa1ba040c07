import type { Logger } from './logger.js';
import type { Metrics } from './metrics.js';
import type { ReadinessCheck } from './readiness.js';

/** How far the clock of this process is ahead of the database's, in milliseconds. */
type ClockSkew = { readonly measuredMs: number; readonly certainMs: number };

export type ClockWatchOptions = {
  /** Whose database it is, such as `token`. */
  readonly component: string;
  readonly read: () => Promise<ClockSkew>;
  readonly logger: Logger;
  readonly metrics?: Metrics;
};

const warningMs = 2_000;
const unreadyMs = 30_000;

/**
 * Watches the clock of this process. Lifetimes go by the database's clock, but JWTs are dated by this one: beyond two seconds
 * the log says so, beyond thirty the process takes no traffic. What is measured is `castellan_clock_skew_seconds`; it is
 * looked at now and whenever readiness or the metric is asked for. Only what is certain counts: a slow database is no skew.
 */
export function watchClock({ component, read, logger, metrics }: ClockWatchOptions): ReadinessCheck {
  let isOff = false;

  async function look(): Promise<ClockSkew> {
    const skew = await read();
    const off = Math.abs(skew.certainMs) > warningMs;
    const seconds = Number((skew.measuredMs / 1000).toFixed(1));
    if (off && !isOff) {
      logger.warn('The clock of this machine and that of the database differ; let NTP set both', {
        component,
        ahead_seconds: seconds,
      });
    }
    if (!off && isOff) logger.info('The clock of this machine agrees with that of the database again', { component });
    isOff = off;
    return skew;
  }

  metrics?.watch({
    name: 'castellan_clock_skew_seconds',
    help: 'How far the clock of this process is ahead of the clock of its database.',
    labels: ['component'],
    read: async () => [{ labels: { component }, value: (await look()).measuredMs / 1000 }],
  });
  // Whoever starts with a wrong clock hears it at once; a database that is away is said elsewhere.
  look().catch(() => undefined);
  return {
    name: `${component}-clock`,
    async check() {
      const { certainMs } = await look();
      if (Math.abs(certainMs) > unreadyMs) throw new Error('the clock of this machine is wrong');
    },
  };
}
