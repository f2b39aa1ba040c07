import { get } from 'node:http';
import { connect, type Socket } from 'node:net';
import { Body, Controller, Get, Post } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseAddressList } from '../address-list.js';
import { ADMISSION_TABLE, type AdmissionTable } from '../admission/admission-class.js';
import { createLogger } from '../logger.js';
import { createMetrics, type Metrics } from '../metrics.js';
import { listen } from '../testing/http-app.js';
import { HealthController } from './health.http.js';
import { createHttpApp, type HttpApp } from './http-app.js';

const table: AdmissionTable = { '/held': 'decision', '/parsed': 'decision' };

let http: HttpApp;
let port: number;
let metrics: Metrics;
let log: string[];
/** Ends of the requests that are held. */
let held: ((how: 'answer' | 'fail') => void)[];
let noteArrival: () => void;

@Controller()
class HeldController {
  /** Answers when the test says so. */
  @Get('held')
  async held(): Promise<object> {
    const how = await new Promise<string>((resolve) => {
      held.push(resolve);
      noteArrival();
    });
    if (how === 'fail') throw new Error('broken');
    return { done: true };
  }

  @Post('parsed')
  parsed(@Body() body: unknown): object {
    return { body };
  }
}

const module = {
  module: class {},
  controllers: [HeldController, HealthController],
  providers: [{ provide: ADMISSION_TABLE, useValue: table }],
};

beforeEach(async () => {
  held = [];
  log = [];
  metrics = createMetrics();
  const logger = createLogger({ destination: { write: (line) => void log.push(line) } });
  // No delay of this machine is that long: the limit stays where it is.
  const admission = { min: 2, max: 2, targetDelayMs: 600_000 };
  const proxies = parseAddressList('127.0.0.1/32');
  if (proxies === undefined) throw new Error('no list');
  const transport = { kind: 'http', proxies } as const;
  http = await createHttpApp({ modules: [module], logger, metrics, transport, admission });
  port = await listen(http.app);
});
afterEach(async () => {
  release();
  await http.close();
});

type Held = { readonly outcome: Promise<number | 'aborted'> };

/** Sends a request that is held, and comes back when it has its place. */
async function hold(signal?: AbortSignal): Promise<Held> {
  const arrived = new Promise<void>((resolve) => (noteArrival = resolve));
  const answer = ask('/held', signal === undefined ? {} : { signal });
  const outcome = answer.then(
    async (response) => (await response.arrayBuffer(), response.status),
    () => 'aborted' as const,
  );
  await arrived;
  return { outcome };
}

function ask(path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`http://127.0.0.1:${port}${path}`, init);
}

/** Asks with the header fields given and no others, as `fetch` would not. */
function askPlainly(
  path: string,
  headers: Record<string, string>,
): Promise<{ readonly status: number; readonly headers: Record<string, string>; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const request = get({ host: '127.0.0.1', port, path, headers, agent: false }, (answer) => {
      let body = '';
      answer.on('data', (chunk) => (body += String(chunk)));
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers as Record<string, string>, body }),
      );
    });
    request.on('error', reject);
  });
}

/** Ends whatever is held. */
function release(how: 'answer' | 'fail' = 'answer'): void {
  for (const end of held.splice(0)) end(how);
}

/** A connection of our own; `until` waits for some text in what came back. */
function dial(): { readonly socket: Socket; until(text: string, times?: number): Promise<string> } {
  const socket = connect(port, '127.0.0.1');
  let received = '';
  socket.on('data', (chunk) => (received += chunk.toString()));
  socket.on('error', () => undefined);
  return {
    socket,
    until: (text, times = 1) =>
      expect
        .poll(() => received.split(text).length - 1)
        .toBeGreaterThanOrEqual(times)
        .then(() => received),
  };
}

const post = (length: number): string =>
  `POST /parsed HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;

describe('an HTTP app that is full', () => {
  it('refuses with 503 and Retry-After in the error form, and serves again when a place is free', async () => {
    const [one, two] = [await hold(), await hold()];
    const refused = await ask('/held');
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('2');
    expect(refused.headers.get('cache-control')).toBe('no-store');
    expect(refused.headers.get('x-content-type-options')).toBe('nosniff');
    expect(await refused.json()).toEqual({
      error: { code: 503, status: 'Service Unavailable', message: 'The server is overloaded; try again later' },
    });
    release();
    expect(await Promise.all([one.outcome, two.outcome])).toEqual([200, 200]);
    expect((await ask('/parsed', { method: 'POST' })).status).toBe(201);
  });

  it('refuses again in the same words, with an ID of its own, and counts it', async () => {
    await hold();
    await hold();
    const said = async (headers: Record<string, string> = {}): Promise<[Record<string, string>, string]> => {
      const { status, headers: fields, body } = await askPlainly('/held', headers);
      expect(status).toBe(503);
      return [fields, body];
    };
    const [[first, body], [second, again]] = [await said(), await said()];
    const { 'x-request-id': one, date: _then, ...kept } = first;
    const { 'x-request-id': two, date: _now, ...repeated } = second;
    expect([repeated, again]).toEqual([kept, body]);
    expect(two).toMatch(/^[\w-]{16}$/);
    expect(two).not.toBe(one);
    // The form of this route says the ID that the caller sent.
    for (const id of ['of-the-caller-1', 'of-the-caller-2']) {
      const [fields, words] = await said({ 'x-request-id': id });
      expect([fields['x-request-id'], JSON.parse(words)]).toMatchObject([id, { error: { request: id } }]);
    }
    const text = await metrics.registry.metrics();
    expect(text).toContain('castellan_admission_refused_total{class="decision",reason="overload"} 4');
    expect(text).toContain('castellan_http_requests_total{method="GET",route="/held",status="503"} 4');
  });

  it('tells each caller by itself to come over https, whoever was refused before', async () => {
    await hold();
    await hold();
    const ways = [
      [{ host: 'issuer.example', 'x-forwarded-proto': 'https' }, 'max-age=31536000'],
      [{ host: 'localhost', 'x-forwarded-proto': 'https' }, undefined],
      [{ host: 'issuer.example', 'x-forwarded-proto': 'http' }, undefined],
    ] as const;
    for (const [headers, demand] of [...ways, ...ways]) {
      const { status, headers: said } = await askPlainly('/held', headers);
      expect([status, said['strict-transport-security']]).toEqual([503, demand]);
    }
  });

  it('serves what it refused before, on the same connection', async () => {
    const { socket, until } = dial();
    const get = 'GET /held HTTP/1.1\r\nHost: x\r\n\r\n';
    await hold();
    await hold();
    for (const times of [1, 2]) {
      socket.write(get);
      await until('overloaded', times);
    }
    release();
    const arrived = new Promise<void>((resolve) => (noteArrival = resolve));
    await expect.poll(async () => (await ask('/parsed', { method: 'POST' })).status).toBe(201);
    socket.write(get);
    await arrived;
    release();
    expect(await until('"done":true')).toMatch(/HTTP\/1\.1 503 [^]*HTTP\/1\.1 503 [^]*HTTP\/1\.1 200 /);
    socket.destroy();
  });

  it('answers all that it refuses, however many come at once', async () => {
    await hold();
    await hold();
    const { socket, until } = dial();
    socket.write('GET /held HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(500));
    const others = await Promise.all(Array.from({ length: 20 }, () => askPlainly('/held', { accept: 'text/html' })));
    expect(new Set(others.map(({ status }) => status))).toEqual(new Set([503]));
    const answers = await until('The server is overloaded', 500);
    expect(answers.match(/HTTP\/1\.1 503 /g)).toHaveLength(500);
    socket.destroy();
  });

  it('answers health and its version all the same', async () => {
    await hold();
    await hold();
    for (const path of ['/health', '/health/alive', '/health/ready', '/version']) {
      expect((await ask(path)).status, path).toBe(200);
    }
  });

  it('refuses before it has a body', async () => {
    await hold();
    await hold();
    const { socket, until } = dial();
    socket.write(post(1_000));
    expect(await until('overloaded')).toMatch(/^HTTP\/1\.1 503 /);
    socket.destroy();
  });

  it('holds no place for a body that does not come', async () => {
    const slow = [dial(), dial(), dial()];
    for (const { socket } of slow) socket.write(`${post(2)}{`);
    const held = await hold();
    release();
    expect(await held.outcome).toBe(200);
    slow[0]?.socket.write('}');
    expect(await slow[0]?.until('body')).toMatch(/^HTTP\/1\.1 201 /);
    for (const { socket } of slow) socket.destroy();
  });

  it('holds the place of a caller that hung up until its work is done', async () => {
    const abort = new AbortController();
    const gone = await hold(abort.signal);
    await hold();
    abort.abort();
    expect(await gone.outcome).toBe('aborted');
    expect((await ask('/held')).status).toBe(503);
    release();
    await expect.poll(async () => (await ask('/parsed', { method: 'POST' })).status).toBe(201);
  });

  it('gives the place back when the work fails', async () => {
    for (let round = 0; round < 3; round++) {
      const [one, two] = [await hold(), await hold()];
      release('fail');
      expect(await Promise.all([one.outcome, two.outcome])).toEqual([500, 500]);
    }
  });

  it('counts what it refuses, and writes one line for all of it', async () => {
    await hold();
    await hold();
    for (let turn = 0; turn < 5; turn++) expect((await ask('/held')).status).toBe(503);
    await expect
      .poll(() => log.filter((line) => line.includes('More requests come than can be served')).length)
      .toBe(1);
    expect(log.filter((line) => line.includes('completed handling') || line.includes('A request failed'))).toEqual([]);
    const text = await metrics.registry.metrics();
    expect(text).toContain('castellan_admission_refused_total{class="decision",reason="overload"} 5');
    expect(text).toContain('castellan_admission_admitted_total{class="decision"} 2');
    expect(text).toContain('castellan_admission_limit 2');
    expect(text).toContain('castellan_admission_in_flight{class="decision"} 2');
    expect(text).toMatch(/^castellan_admission_delay_seconds \d/m);
  });
});
