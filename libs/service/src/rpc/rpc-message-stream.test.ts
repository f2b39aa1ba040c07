import { Client, Metadata, credentials, status, type ClientDuplexStream, type StatusObject } from '@grpc/grpc-js';
import { NestFactory } from '@nestjs/core';
import type { INestApplicationContext } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { MESSAGE_WINDOW, openRpcChannel, wardenV1, type MessageStream, type RpcChannelOptions } from '@castellan/rpc';
import { createLogger } from '../logger.js';
import { ServiceModule } from '../service.module.js';
import { AskingService, askingModule } from '../testing/asking-service.js';
import { createTestAuthority, type TestAuthority, type TestCertificate } from '../testing/certificates.js';
import { RpcHost } from './rpc-host.js';
import { RpcModule } from './rpc.module.js';

const { streamCheck } = wardenV1.WardenService;
const PARTNER = 'spiffe://partner.example/orders';

let authority: TestAuthority;
let partner: TestCertificate;
let app: INestApplicationContext;
let service: AskingService;
let target: string;
const log: string[] = [];
const open: (() => void)[] = [];

async function start(): Promise<INestApplicationContext> {
  const security = { kind: 'tls', ca: authority.ca, ...(await authority.issueService('warden')) } as const;
  const imports = [
    ServiceModule.forRoot({ logger: createLogger({ destination: { write: (line) => void log.push(line) } }) }),
    RpcModule.forRoot({ listen: { host: '127.0.0.1', port: 0 }, security, clientPeers: [PARTNER] }),
    askingModule(),
  ];
  return NestFactory.createApplicationContext({ module: class {}, imports }, { logger: false, abortOnError: false });
}

beforeAll(async () => {
  authority = await createTestAuthority();
  partner = await authority.issue([{ type: 'url', value: PARTNER }]);
  app = await start();
  service = app.get(AskingService, { strict: false });
  target = `localhost:${app.get(RpcHost).port}`;
});
afterAll(() => app.close());
beforeEach(() => void (service.calls.length = 0));
afterEach(() => {
  service.letGo();
  for (const close of open.splice(0)) close();
});

/** A stream whose bytes a test writes itself, and whose answers it takes when it wants to. */
function rawStream(certificate = partner) {
  const client = new Client(
    target,
    credentials.createSsl(Buffer.from(authority.ca), Buffer.from(certificate.key), Buffer.from(certificate.cert)),
  );
  const call: ClientDuplexStream<Buffer, wardenV1.StreamCheckResponse> = client.makeBidiStreamRequest(
    streamCheck.path,
    (bytes: Buffer) => bytes,
    streamCheck.responseDeserialize,
    new Metadata(),
  );
  call.on('error', () => undefined);
  open.push(() => {
    call.cancel();
    client.close();
  });
  const answers: wardenV1.StreamCheckResponse[] = [];
  return {
    call,
    answers,
    ended: new Promise<StatusObject>((resolve) => call.on('status', resolve)),
    ask: (id: number, subject: string, more: Partial<wardenV1.StreamCheckRequest> = {}) =>
      call.write(messageOf(id, subject, more)),
    listen: () => void call.on('data', (answer: wardenV1.StreamCheckResponse) => answers.push(answer)),
  };
}

function messageOf(id: number, subject: string, more: Partial<wardenV1.StreamCheckRequest> = {}): Buffer {
  const check = { subject, resource: 'r', action: 'a', context: undefined, anonymous: false };
  return streamCheck.requestSerialize({ id, deadlineMs: 30_000, check, ...more });
}

function questions(
  security?: RpcChannelOptions['security'],
): MessageStream<wardenV1.StreamCheckRequest, wardenV1.StreamCheckResponse> {
  const channel = openRpcChannel({ target, security: security ?? { kind: 'tls', ca: authority.ca, ...partner } });
  open.push(() => channel.close());
  return channel.openMessages(streamCheck, { idOf: ({ id }) => id, isGoingAway: ({ goingAway }) => goingAway });
}

describe('a stream of messages', () => {
  it('is answered message by message, in any order, and to the end after its caller has ended', async () => {
    const stream = rawStream();
    stream.listen();
    stream.ask(1, 'hold');
    stream.ask(2, 'hold');
    stream.ask(3, 'peter');
    stream.ask(0, 'eve');
    await vi.waitFor(() => expect(stream.answers.map(({ id }) => id).sort()).toEqual([0, 3]), { timeout: 60_000 });
    await vi.waitFor(() => expect(service.calls).toHaveLength(4), { timeout: 60_000 });
    stream.call.end();
    service.letGo();
    expect(await stream.ended).toMatchObject({ code: status.OK });
    expect(stream.answers.slice(2).map(({ id }) => id)).toEqual([2, 1]);
    expect(stream.answers.find(({ id }) => id === 3)?.decision?.allowed).toBe(true);
    expect(service.calls[0]?.context).toMatchObject({
      peer: 'client',
      credential: { kind: 'certificate', name: PARTNER },
    });
  });

  it('carries a refusal of one message, hides and logs a fault, and goes on', async () => {
    const stream = rawStream();
    stream.listen();
    stream.ask(1, 'refuse');
    stream.ask(2, 'break');
    stream.ask(3, 'peter');
    await vi.waitFor(() => expect(stream.answers).toHaveLength(3), { timeout: 60_000 });
    const failures = new Map(stream.answers.map(({ id, failure }) => [id, failure]));
    expect(failures.get(1)).toEqual({ code: status.FAILED_PRECONDITION, message: 'not now' });
    expect(failures.get(2)).toEqual({ code: status.INTERNAL, message: 'internal error' });
    expect(failures.get(3)).toBeUndefined();
    expect(log.some((line) => line.includes('An rpc failed') && line.includes('broke'))).toBe(true);
  });

  it('times each message by itself', async () => {
    const stream = rawStream();
    stream.listen();
    stream.ask(1, 'hold', { deadlineMs: 50 });
    stream.ask(2, 'hold', { deadlineMs: 60_000 });
    await vi.waitFor(() => expect(stream.answers).toHaveLength(1), { timeout: 60_000 });
    expect(stream.answers[0]).toMatchObject({ id: 1, failure: { code: status.DEADLINE_EXCEEDED } });
  });

  it.each([
    ['what its caller may not go on with', () => messageOf(2, 'end'), status.PERMISSION_DENIED],
    ['garbage', () => Buffer.from([0xff, 0xff]), status.INVALID_ARGUMENT],
    ['a text that is not UTF-8', () => Buffer.from([0x1a, 3, 0x0a, 1, 0xff]), status.INVALID_ARGUMENT],
    ['a number that is not answered yet', () => messageOf(1, 'peter'), status.INVALID_ARGUMENT],
  ])('ends at %s, and the next stream is served', async (_what, bytes, code) => {
    const stream = rawStream();
    stream.listen();
    stream.ask(1, 'hold');
    stream.call.write(bytes());
    expect((await stream.ended).code).toBe(code);
    service.letGo();
    const next = rawStream();
    next.listen();
    next.ask(1, 'peter');
    await vi.waitFor(() => expect(next.answers).toHaveLength(1), { timeout: 60_000 });
  });

  it('is refused before it is read to a peer that may not open it', async () => {
    for (const [name, code] of [
      ['admin', status.PERMISSION_DENIED],
      ['nobody', status.UNAUTHENTICATED],
    ] as const) {
      const stream = rawStream(await authority.issueService(name));
      stream.listen();
      stream.ask(1, 'peter');
      expect((await stream.ended).code).toBe(code);
    }
    expect(service.calls).toHaveLength(0);
  });

  it('is not read further while its window is full, nor while its caller takes no answers', async () => {
    const stream = rawStream();
    for (let id = 0; id < 20 * MESSAGE_WINDOW; id++) stream.ask(id, 'hold');
    await vi.waitFor(() => expect(service.calls.length).toBe(MESSAGE_WINDOW), { timeout: 60_000 });
    // Another stream is served meanwhile; that it was shows how long the server had to read more of the first.
    const other = questions();
    for (let turn = 0; turn < 20; turn++) await other.ask((id) => ({ id, deadlineMs: 0 }), { deadlineMs: 60_000 });
    expect(service.calls).toHaveLength(MESSAGE_WINDOW + 20);
    stream.listen();
    const releasing = setInterval(() => service.letGo(), 5);
    await vi.waitFor(() => expect(stream.answers).toHaveLength(20 * MESSAGE_WINDOW), { timeout: 60_000 });
    clearInterval(releasing);
    expect(new Set(stream.answers.map(({ id }) => id)).size).toBe(20 * MESSAGE_WINDOW);
  }, 180_000);

  it('is not read further when half a MiB of it is unanswered', async () => {
    const stream = rawStream();
    const context = { pad: 'x'.repeat(100_000) };
    const check = { subject: 'hold', resource: 'r', action: 'a', context, anonymous: false };
    for (let id = 1000; id < 1030; id++) stream.ask(id, '', { check });
    const read = (): number => service.calls.filter(({ id }) => id >= 1000).length;
    await vi.waitFor(() => expect(read()).toBe(6), { timeout: 60_000 });
    const other = questions();
    for (let turn = 0; turn < 20; turn++) await other.ask((id) => ({ id, deadlineMs: 0 }), { deadlineMs: 60_000 });
    expect(read()).toBe(6);
  }, 120_000);
});

describe('questions over a channel', () => {
  it('get each its own answer, more of them than the window holds', async () => {
    const stream = questions();
    const subjects = Array.from({ length: 4 * MESSAGE_WINDOW }, (_, index) => (index % 3 === 0 ? 'peter' : 'eve'));
    const answers = await Promise.all(
      subjects.map((subject) =>
        stream.ask(
          (id, deadlineMs) => ({
            id,
            deadlineMs,
            check: { subject, resource: 'r', action: 'a', context: undefined, anonymous: false },
          }),
          { deadlineMs: 60_000 },
        ),
      ),
    );
    expect(answers.map(({ decision }) => decision?.allowed)).toEqual(subjects.map((subject) => subject === 'peter'));
  });

  it('end at their own deadline, and with the stream that was lost', async () => {
    const stream = questions();
    const ask = (subject: string, deadlineMs: number): Promise<unknown> =>
      stream.ask(
        (id) => ({
          id,
          deadlineMs: 30_000,
          check: { subject, resource: 'r', action: 'a', context: undefined, anonymous: false },
        }),
        { deadlineMs },
      );
    await expect(ask('hold', 50)).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    const held = expect(ask('hold', 20_000)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    await expect(ask('end', 20_000)).rejects.toMatchObject({ code: 'PERMISSION_DENIED', message: 'no more' });
    await held;
    await expect(ask('peter', 20_000)).resolves.toMatchObject({ decision: { allowed: true } });
  });

  it('are UNAVAILABLE where nobody listens, and when the channel is closed', async () => {
    const channel = openRpcChannel({ target: '127.0.0.1:9', security: { kind: 'plaintext', peer: 'client' } });
    const stream = channel.openMessages(streamCheck, { idOf: ({ id }) => id, isGoingAway: () => false });
    const make = (id: number): wardenV1.StreamCheckRequest => ({ id, deadlineMs: 0 });
    await expect(stream.ask(make)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    channel.close();
    await expect(stream.ask(make)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('lose none when the server shuts down: those under way are answered', async () => {
    const leaving = await start();
    const asking = leaving.get(AskingService, { strict: false });
    const channel = openRpcChannel({
      target: `localhost:${leaving.get(RpcHost).port}`,
      security: { kind: 'tls', ca: authority.ca, ...partner },
    });
    open.push(() => channel.close());
    const stream = channel.openMessages(streamCheck, {
      idOf: ({ id }) => id,
      isGoingAway: ({ goingAway }) => goingAway,
    });
    const check = { subject: 'hold', resource: 'r', action: 'a', context: undefined, anonymous: false };
    const answer = stream.ask((id, deadlineMs) => ({ id, deadlineMs, check }), { deadlineMs: 60_000 });
    await vi.waitFor(() => expect(asking.calls).toHaveLength(1), { timeout: 60_000 });
    const closed = leaving.close();
    asking.letGo();
    expect((await answer).decision).toBeDefined();
    await closed;
  });
});
