import { connect, type Socket } from 'node:net';
import { PhaseTally, type PhaseResult } from './phase-tally.js';

/** Requests at a fixed rate, on connections that are kept: who asks does not wait for the answers of others. */
export type OpenLoopPlan = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** More than are ever busy, so that the server and not the generator decides what waits. */
  readonly connections: number;
  readonly phases: readonly Phase[];
};

export type Phase = {
  readonly perSecond: number;
  readonly seconds: number;
  /** What comes back earlier is not part of the percentiles: limits need a moment to move. */
  readonly settleSeconds: number;
};

type Connection = { readonly socket: Socket; sentAt: number; dueAt: number; received: Buffer };

const TICK_MS = 1;
/** What could not be sent for that long is given up. */
const PATIENCE_MS = 1_000;
const DRAIN_MS = 3_000;

/** Times of requests that are not sent yet, the oldest first; taking one costs the same however many there are. */
class DueTimes {
  private times: number[] = [];
  private head = 0;

  get first(): number | undefined {
    return this.times[this.head];
  }

  add(time: number): void {
    this.times.push(time);
  }

  take(): void {
    this.head++;
    if (this.head < 10_000) return;
    this.times = this.times.slice(this.head);
    this.head = 0;
  }

  /** Forgets all; answers how many there were. */
  clear(): number {
    const count = this.times.length - this.head;
    this.times = [];
    this.head = 0;
    return count;
  }
}

/** Sends POST requests over plain HTTP/1.1. */
export class OpenLoop {
  private readonly request: Buffer;
  private readonly idle: Connection[] = [];
  private readonly due = new DueTimes();
  private readonly all = new Set<Connection>();
  private tally = new PhaseTally(0, 0);
  private busy = 0;

  constructor(private readonly plan: OpenLoopPlan) {
    const { host, pathname } = new URL(plan.url);
    const headers = { Host: host, 'Content-Length': String(Buffer.byteLength(plan.body)), ...plan.headers };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    this.request = Buffer.from(`POST ${pathname} HTTP/1.1\r\n${lines.join('')}\r\n${plan.body}`);
  }

  async connect(): Promise<void> {
    for (let number = 0; number < this.plan.connections; number++) await this.open();
  }

  close(): void {
    for (const { socket } of this.all) socket.destroy();
  }

  /** One phase, to its end and until its last answers are here. */
  async run({ perSecond, seconds, settleSeconds }: Phase): Promise<PhaseResult> {
    const startedAt = performance.now();
    this.tally = new PhaseTally(startedAt, settleSeconds * 1000);
    const total = Math.round(perSecond * seconds);
    let scheduled = 0;
    while (scheduled < total) {
      await new Promise((resolve) => setTimeout(resolve, TICK_MS));
      const now = performance.now();
      const until = Math.min(total, Math.floor(((now - startedAt) / 1000) * perSecond));
      // What this process comes to late, because it was busy itself, is no delay of the server.
      for (; scheduled < until; scheduled++) this.due.add(now);
      this.send();
    }
    const took = (performance.now() - startedAt) / 1000;
    for (const until = performance.now() + DRAIN_MS; this.busy > 0 && performance.now() < until;) {
      await new Promise((resolve) => setTimeout(resolve, TICK_MS));
      this.send();
    }
    this.tally.giveUp(this.due.clear());
    return this.tally.result(took);
  }

  private send(): void {
    const now = performance.now();
    for (let first = this.due.first; first !== undefined; first = this.due.first) {
      if (now - first > PATIENCE_MS) {
        this.due.take();
        this.tally.giveUp(1);
        continue;
      }
      // In turn: the server closes a connection on which nothing comes for its first ten seconds.
      const connection = this.idle.shift();
      if (connection === undefined) return;
      connection.dueAt = first;
      connection.sentAt = now;
      this.due.take();
      this.busy++;
      connection.socket.write(this.request);
    }
  }

  private open(): Promise<void> {
    const { hostname, port } = new URL(this.plan.url);
    return new Promise((resolve, reject) => {
      const socket = connect({ host: hostname, port: Number(port), noDelay: true });
      const connection: Connection = { socket, sentAt: 0, dueAt: 0, received: Buffer.alloc(0) };
      this.all.add(connection);
      socket.once('connect', () => {
        this.idle.push(connection);
        resolve();
      });
      socket.once('error', reject);
      socket.on('data', (bytes: Buffer) => this.receive(connection, bytes));
      socket.on('close', () => this.lose(connection));
    });
  }

  private receive(connection: Connection, bytes: Buffer): void {
    connection.received = connection.received.length === 0 ? bytes : Buffer.concat([connection.received, bytes]);
    const { received } = connection;
    const end = received.indexOf('\r\n\r\n');
    if (end < 0) return;
    const head = received.toString('latin1', 0, end);
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? NaN);
    if (Number.isNaN(length)) throw new Error(`an answer without a length: ${head}`);
    if (received.length < end + 4 + length) return;
    connection.received = received.subarray(end + 4 + length);
    this.busy--;
    this.idle.push(connection);
    const hasRetryAfter = /\r\nretry-after: \d/i.test(head);
    this.tally.answer(Number(head.slice(9, 12)), connection, performance.now(), hasRetryAfter);
  }

  /** A connection that broke under a request is one failure. */
  private lose(connection: Connection): void {
    this.all.delete(connection);
    const index = this.idle.indexOf(connection);
    if (index >= 0) this.idle.splice(index, 1);
    else {
      this.busy--;
      this.tally.fail();
    }
  }
}
