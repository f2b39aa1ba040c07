import { describe, expect, it } from 'vitest';

import { watchClock } from './clock-watch.js';
import { createLogger } from './logger.js';
import { createMetrics } from './metrics.js';

function watched(skewMs: () => number) {
  const lines: string[] = [];
  const logger = createLogger({ level: 'info', destination: { write: (line) => lines.push(line) } });
  const metrics = createMetrics();
  const read = async () => ({ measuredMs: skewMs(), certainMs: skewMs() });
  return { lines, metrics, check: watchClock({ component: 'token', read, logger, metrics }) };
}

describe('the watch over the clock', () => {
  it.each([0, 1_999, -1_999])('is content with %d ms', async (skew) => {
    const { lines, check } = watched(() => skew);
    await check.check();
    expect([check.name, lines]).toEqual(['token-clock', []]);
  });

  it('warns once beyond two seconds, and says when it is over', async () => {
    let skew = -2_500;
    const { lines, check } = watched(() => skew);
    await check.check();
    await check.check();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/level=warning .*ahead_seconds=-2\.5/);
    skew = 10;
    await check.check();
    expect(lines).toHaveLength(2);
    expect(lines[1]).toMatch(/level=info .*agrees .* again/);
  });

  it.each([30_001, -30_001])('takes no traffic with %d ms', async (skew) => {
    await expect(watched(() => skew).check.check()).rejects.toThrow('clock');
    await watched(() => Math.sign(skew) * 29_999).check.check();
  });

  it('goes by what is certain, and shows what was measured', async () => {
    const lines: string[] = [];
    const metrics = createMetrics();
    const logger = createLogger({ level: 'info', destination: { write: (line) => lines.push(line) } });
    const read = async () => ({ measuredMs: 45_000, certainMs: 0 });
    await watchClock({ component: 'keys', read, logger, metrics }).check();
    expect(lines).toEqual([]);
    expect(await metrics.registry.metrics()).toContain('castellan_clock_skew_seconds{component="keys"} 45');
  });

  it('fails while the database is away', async () => {
    const read = () => Promise.reject(new Error('away'));
    const logger = createLogger({ level: 'info', destination: { write: () => undefined } });
    const metrics = createMetrics();
    const check = watchClock({ component: 'token', read, logger, metrics });
    await expect(check.check()).rejects.toThrow('away');
    expect(await metrics.registry.metrics()).not.toContain('castellan_clock_skew_seconds{');
  });
});
