import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { send } from './http.js';
import { freePorts } from './ports.js';
import { makeDatabase, migrateSql, type ProductDatabase, SYSTEM_SECRET } from './product.js';
import { type Running, start } from './program.js';

/** A module that sets the clock of the process that loads it first, as a machine without NTP has it. */
function clockAheadBy(milliseconds: number): string {
  const module = `
    const Real = Date;
    const now = () => Real.now() + ${milliseconds};
    globalThis.Date = class Date extends Real {
      constructor(...given) { given.length > 0 ? super(...given) : super(now()); }
      static now() { return now(); }
    };`;
  return `data:text/javascript,${encodeURIComponent(module)}`;
}

describe('a service whose clock is wrong', () => {
  let database: ProductDatabase;
  let service: Running | undefined;
  let operations: string;

  beforeAll(async () => {
    database = await makeDatabase();
    await migrateSql(database.url);
  }, 120_000);
  afterEach(async () => {
    await service?.stop();
    service = undefined;
  }, 180_000);
  afterAll(() => database?.drop());

  /** Starts the key manager, whose clock is so many milliseconds ahead. */
  async function startAheadBy(milliseconds: number): Promise<Running> {
    const [port = 0, operationsPort = 0] = await freePorts(2);
    operations = `http://127.0.0.1:${operationsPort}`;
    service = start('apps/keys/dist/main.js', [], {
      HOME: '/nonexistent',
      NODE_OPTIONS: `--import=${clockAheadBy(milliseconds)}`,
      DATABASE_URL: database.url,
      SYSTEM_SECRET,
      RSA_KEY_BITS: '2048',
      GRPC_DANGEROUS_PLAINTEXT: '1',
      GRPC_HOST: '127.0.0.1',
      GRPC_PORT: String(port),
      OPS_PORT: String(operationsPort),
    });
    await service.until(/Setting up operations server/, 120_000);
    return service;
  }

  /** A machine under load may miss the second in which a check must answer. */
  async function untilReadinessIs(status: number, body: object): Promise<void> {
    async function readiness(): Promise<unknown> {
      const answer = await send(`${operations}/health/ready`);
      return [answer.status, JSON.parse(answer.text)];
    }
    await expect.poll(readiness, { timeout: 60_000, interval: 200 }).toEqual([status, body]);
  }

  async function skewSeconds(): Promise<number> {
    const { text } = await send(`${operations}/metrics`);
    return Number(/^castellan_clock_skew_seconds\{component="keys"\} (\S+)$/m.exec(text)?.[1]);
  }

  it.each([300_000, -300_000])(
    'by %d ms takes no traffic, says so, and shows by how much',
    async (offset) => {
      const running = await startAheadBy(offset);
      await untilReadinessIs(503, { status: 'unavailable', failing: ['keys-clock'] });
      expect((await send(`${operations}/health/alive`)).status).toBe(200);
      const seconds = await skewSeconds();
      expect(Math.sign(seconds)).toBe(Math.sign(offset));
      expect(Math.abs(seconds)).toBeGreaterThan(200);
      await running.until(/The clock of this machine and that of the database differ/, 60_000);
    },
    180_000,
  );

  it('by a few seconds goes on, and warns', async () => {
    const running = await startAheadBy(10_000);
    await untilReadinessIs(200, { status: 'ok' });
    await running.until(/The clock of this machine and that of the database differ/, 60_000);
    expect(await skewSeconds()).toBeGreaterThan(2);
  }, 180_000);
});
