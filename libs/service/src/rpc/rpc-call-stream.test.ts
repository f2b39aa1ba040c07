import { once } from 'node:events';
import type { INestApplicationContext } from '@nestjs/common';
import { Injectable } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Client, Metadata, Server, ServerCredentials, credentials, status, type StatusObject } from '@grpc/grpc-js';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  CALL_WINDOW,
  MAX_CALLS_PER_BATCH,
  MAX_STREAMED_REQUEST_BYTES,
  callsV1,
  createRpcChannelClient,
  healthV1,
  keysV1,
  openRpcChannel,
  type CallContext,
  type RpcChannel,
  type RpcChannelOptions,
} from '@castellan/rpc';
import { createSilentLogger } from '../logger.js';
import { ServiceModule } from '../service.module.js';
import { createTestAuthority, type TestAuthority, type TestCertificate } from '../testing/certificates.js';
import { SigningService, keysModule, signingPeers } from '../testing/signing-service.js';
import { RpcHost } from './rpc-host.js';
import { RpcService } from './rpc-service.js';
import { RpcModule, type RpcModuleOptions } from './rpc.module.js';

const SIGN = 'castellan.keys.v1.Signing/Sign';
const GET_KEYS = 'castellan.keys.v1.Signing/GetVerificationKeys';
const PARTNER = 'spiffe://partner.example/billing';
const PLAINTEXT = { kind: 'plaintext', dangerousPlaintext: true } as const;
const ANY_PORT = { host: '127.0.0.1', port: 0 };

/** Holds every call back until the test lets it go. */
@Injectable()
@RpcService(keysV1.SigningService, signingPeers)
class HeldSigning extends SigningService {
  private readonly held: (() => void)[] = [];

  override async sign(request: keysV1.SignRequest, context: CallContext): Promise<keysV1.SignResponse> {
    const answer = super.sign(request, context);
    if (request.claimsJson === 'hold') await new Promise<void>((resolve) => this.held.push(resolve));
    return answer;
  }

  letGo(): void {
    for (const resolve of this.held.splice(0)) resolve();
  }
}

let authority: TestAuthority;
let server: TestCertificate;
const open: (() => unknown)[] = [];

beforeAll(async () => {
  authority = await createTestAuthority();
  server = await authority.issueService('keys');
});
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function start(options: Partial<RpcModuleOptions> = {}): Promise<INestApplicationContext> {
  const rpc: RpcModuleOptions = {
    listen: ANY_PORT,
    security: { kind: 'tls', ca: authority.ca, ...server },
    clientPeers: [PARTNER],
    ...options,
  };
  const imports = [
    ServiceModule.forRoot({ logger: createSilentLogger() }),
    RpcModule.forRoot(rpc),
    keysModule(HeldSigning),
  ];
  const root = { module: class {}, imports };
  const app = await NestFactory.createApplicationContext(root, { logger: false, abortOnError: false });
  open.push(() => app.close());
  return app;
}

function targetOf(app: INestApplicationContext): string {
  return `localhost:${app.get(RpcHost).port}`;
}

function signingOf(app: INestApplicationContext): HeldSigning {
  return app.get(HeldSigning, { strict: false });
}

/** An exchange as a hostile or foreign program would hold it. */
function exchangeWith(target: string, certificate: TestCertificate, metadata = new Metadata()) {
  const own = credentials.createSsl(
    Buffer.from(authority.ca),
    Buffer.from(certificate.key),
    Buffer.from(certificate.cert),
  );
  const client = new Client(target, own);
  const stream = client.makeBidiStreamRequest(
    callsV1.CallsService.exchange.path,
    (bytes: Buffer) => bytes,
    callsV1.CallsService.exchange.responseDeserialize,
    metadata,
  );
  stream.on('error', () => undefined);
  open.push(() => (stream.cancel(), client.close()));
  const results: callsV1.CallResult[] = [];
  const ended = new Promise<StatusObject>((resolve) => stream.on('status', resolve));
  return {
    stream,
    ended,
    send: (batch: callsV1.CallBatch) => stream.write(Buffer.from(callsV1.CallBatch.encode(batch).finish())),
    results,
    listen() {
      stream.on('data', (message: callsV1.CallBatchResult) => results.push(...message.results));
    },
    async untilAnswered(count: number) {
      await vi.waitFor(() => expect(results.length).toBeGreaterThanOrEqual(count), { timeout: 60_000 });
      return new Map(results.map((result) => [result.id, result]));
    },
  };
}

function callOf(id: number, method: number, claimsJson: string, more: Partial<callsV1.Call> = {}): callsV1.Call {
  const request = Buffer.from(keysV1.SignRequest.encode({ purpose: 1, claimsJson }).finish());
  return { id, method, deadlineMs: 30_000, requestId: '', traceparent: '', request, ...more };
}

async function channelTo(app: INestApplicationContext, more: Partial<RpcChannelOptions> = {}): Promise<RpcChannel> {
  const certificate = await authority.issueService('token');
  const security = { kind: 'tls' as const, ca: authority.ca, ...certificate };
  const channel = openRpcChannel({ target: targetOf(app), security, transport: 'stream', ...more });
  open.push(() => channel.close());
  return channel;
}

describe('a call on a stream', () => {
  it('is held against the table of peers by itself, whatever travels beside it', async () => {
    const app = await start();
    const gateway = await authority.issueService('gateway');
    const metadata = new Metadata();
    metadata.set('castellan-peer', 'token');
    const exchange = exchangeWith(targetOf(app), gateway, metadata);
    exchange.listen();
    exchange.send({ methods: [GET_KEYS, SIGN], calls: [callOf(1, 0, ''), callOf(2, 1, '{}'), callOf(3, 0, '')] });
    const results = await exchange.untilAnswered(3);
    expect(results.get(1)).toMatchObject({ code: status.OK });
    expect(results.get(2)).toMatchObject({
      code: status.PERMISSION_DENIED,
      message: `gateway may not call ${SIGN}`,
      response: Buffer.alloc(0),
    });
    expect(results.get(3)).toMatchObject({ code: status.OK });
    expect(signingOf(app).calls).toHaveLength(0);
  });

  it('has the rights of the peer client when the certificate is a listed one of another program', async () => {
    const app = await start();
    const exchange = exchangeWith(targetOf(app), await authority.issue([{ type: 'url', value: PARTNER }]));
    exchange.listen();
    exchange.send({ methods: [SIGN, GET_KEYS], calls: [callOf(1, 0, '{}'), callOf(2, 1, '')] });
    const results = await exchange.untilAnswered(2);
    expect(results.get(1)).toMatchObject({ code: status.PERMISSION_DENIED });
    expect(results.get(2)).toMatchObject({ code: status.OK });
  });

  it.each([
    ['names no service', async () => authority.issue([])],
    ['names an unknown service', async () => authority.issueService('intruder')],
    ['belongs to another trust domain', async () => authority.issue([{ type: 'url', value: 'spiffe://evil/token' }])],
  ])('is never made for a peer whose certificate %s: the stream is UNAUTHENTICATED', async (_title, issue) => {
    const app = await start();
    const exchange = exchangeWith(targetOf(app), await issue());
    exchange.listen();
    exchange.send({ methods: [SIGN, GET_KEYS], calls: [callOf(1, 0, '{}'), callOf(2, 1, '')] });
    expect((await exchange.ended).code).toBe(status.UNAUTHENTICATED);
    expect(exchange.results).toEqual([]);
    expect(signingOf(app).calls).toHaveLength(0);
  });

  it('reaches only what this port serves', async () => {
    const app = await start({ listen: { ...ANY_PORT, rooms: ['warden'] } });
    const exchange = exchangeWith(targetOf(app), await authority.issueService('token'));
    exchange.listen();
    const methods = [SIGN, 'castellan.rpc.v1.Calls/Exchange', '__proto__', `/${SIGN}`];
    exchange.send({ methods, calls: [0, 1, 2, 3, 4, 0xffffffff].map((method, id) => callOf(id, method, '{}')) });
    const results = await exchange.untilAnswered(6);
    for (const result of results.values()) expect(result.code).toBe(status.UNIMPLEMENTED);
    expect(signingOf(app).calls).toHaveLength(0);
  });

  it('knows its peer, deadline and request id', async () => {
    const app = await start();
    const exchange = exchangeWith(targetOf(app), await authority.issueService('token'));
    exchange.listen();
    const before = Date.now();
    exchange.send({
      methods: [SIGN],
      calls: [
        callOf(1, 0, '{}', { requestId: 'one', deadlineMs: 700 }),
        callOf(2, 0, '{}', { requestId: 'forged\nline', deadlineMs: 0xffffffff }),
      ],
    });
    await exchange.untilAnswered(2);
    const [first, second] = signingOf(app).calls;
    expect(first).toMatchObject({ peer: 'token', requestId: 'one' });
    expect(first?.deadline).toBeGreaterThanOrEqual(before + 700);
    expect(first?.deadline).toBeLessThanOrEqual(Date.now() + 700);
    expect(second?.requestId).toMatch(/^[A-Za-z0-9_-]{16}$/);
    expect(second?.deadline).toBeLessThanOrEqual(Date.now() + 30_000);
  });

  it('that is malformed, refused or broken hurts no other of its batch', async () => {
    const app = await start();
    const exchange = exchangeWith(targetOf(app), await authority.issueService('token'));
    exchange.listen();
    exchange.send({
      methods: [SIGN],
      calls: [
        callOf(1, 0, '', { request: Buffer.from('1202fffe', 'hex') }),
        callOf(2, 0, 'refuse'),
        callOf(3, 0, 'break'),
        callOf(4, 0, '{}'),
      ],
    });
    const results = await exchange.untilAnswered(4);
    expect(results.get(1)).toMatchObject({ code: status.INVALID_ARGUMENT, message: 'the request is malformed' });
    expect(results.get(2)).toMatchObject({ code: status.FAILED_PRECONDITION });
    expect(results.get(3)).toMatchObject({ code: status.INTERNAL, message: 'internal error' });
    expect(results.get(4)).toMatchObject({ code: status.OK });
  });

  it('ends at its own deadline, and the others are answered before it', async () => {
    const app = await start();
    const exchange = exchangeWith(targetOf(app), await authority.issueService('token'));
    exchange.listen();
    exchange.send({ methods: [SIGN], calls: [callOf(1, 0, 'hang', { deadlineMs: 60 }), callOf(2, 0, '{}')] });
    await exchange.untilAnswered(2);
    expect(exchange.results.map(({ id, code }) => [id, code])).toEqual([
      [2, status.OK],
      [1, status.DEADLINE_EXCEEDED],
    ]);
  });
});

describe('a stream of calls', () => {
  it.each([
    ['garbage', Buffer.from('ffffffffffffffff', 'hex')],
    ['a method name that is not UTF-8', Buffer.from('0a02fffe', 'hex')],
    [
      'more calls than a batch may hold',
      Buffer.from(
        callsV1.CallBatch.encode({
          methods: [SIGN],
          calls: Array.from({ length: MAX_CALLS_PER_BATCH + 1 }, (_, id) => callOf(id, 0, '{}')),
        }).finish(),
      ),
    ],
  ])('ends with INVALID_ARGUMENT at %s, and the server goes on', async (_title, bytes) => {
    const app = await start();
    const exchange = exchangeWith(targetOf(app), await authority.issueService('token'));
    exchange.listen();
    exchange.stream.write(bytes);
    expect((await exchange.ended).code).toBe(status.INVALID_ARGUMENT);
    expect(signingOf(app).calls).toHaveLength(0);
    const client = createRpcChannelClient(keysV1.SigningService, await channelTo(app));
    await expect(client.sign({ purpose: 1, claimsJson: '{}' })).resolves.toMatchObject({ keyId: 'token' });
  });

  it('is not read further while its caller does not read the answers, or has too many calls open', async () => {
    const app = await start();
    const exchange = exchangeWith(targetOf(app), await authority.issueService('token'));
    for (let batch = 0; batch < 100; batch++) {
      const calls = Array.from({ length: 100 }, (_, index) => callOf(batch * 100 + index, 0, 'hold'));
      exchange.send({ methods: [SIGN], calls });
    }
    const signing = signingOf(app);
    await vi.waitFor(() => expect(signing.calls.length).toBeGreaterThanOrEqual(CALL_WINDOW), { timeout: 60_000 });
    // Another caller comes through meanwhile, and what came through shows that the server read no more of the first.
    const client = createRpcChannelClient(keysV1.SigningService, await channelTo(app));
    for (let turn = 0; turn < 20; turn++) await client.sign({ purpose: 1, claimsJson: '{}' });
    expect(signing.calls.length).toBeLessThan(CALL_WINDOW + 100 + 21);
    exchange.listen();
    const releasing = setInterval(() => signing.letGo(), 5);
    await vi.waitFor(() => expect(exchange.results).toHaveLength(10_000), { timeout: 60_000 });
    clearInterval(releasing);
    expect(new Set(exchange.results.map(({ code }) => code))).toEqual(new Set([status.OK]));
  }, 120_000);
});

describe('a channel that streams', () => {
  it('answers more calls at once than the window holds, each with its own answer', async () => {
    const app = await start();
    const client = createRpcChannelClient(keysV1.SigningService, await channelTo(app));
    const asked = Array.from({ length: 4 * CALL_WINDOW }, (_, index) => `{"n":${index}}`);
    const answers = await Promise.all(
      asked.map((claimsJson) => client.sign({ purpose: 1, claimsJson }, { deadlineMs: 60_000 })),
    );
    expect(answers.map(({ jws }) => jws)).toEqual(asked.map((claims) => `signed ${claims}`));
  });

  it('sends a large request by itself, under the same limits as ever', async () => {
    const app = await start();
    const client = createRpcChannelClient(keysV1.SigningService, await channelTo(app));
    const large = 'x'.repeat(MAX_STREAMED_REQUEST_BYTES + 1);
    const both = await Promise.all([
      client.sign({ purpose: 1, claimsJson: large }),
      client.sign({ purpose: 1, claimsJson: '{}' }),
    ]);
    expect(both.map(({ jws }) => jws.length)).toEqual([large.length + 7, 9]);
    await expect(client.sign({ purpose: 1, claimsJson: 'x'.repeat(1024 * 1024) })).rejects.toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
    });
  });

  it('loses no call when the server shuts down: running ones are answered, later ones go to the next server', async () => {
    const first = await start();
    const channel = await channelTo(first);
    const client = createRpcChannelClient(keysV1.SigningService, channel);
    await client.sign({ purpose: 1, claimsJson: '{}' });
    const running = Promise.all(
      Array.from({ length: 50 }, () => client.sign({ purpose: 1, claimsJson: 'hold' }, { deadlineMs: 60_000 })),
    );
    await vi.waitFor(() => expect(signingOf(first).calls).toHaveLength(51), { timeout: 60_000 });
    const port = first.get(RpcHost).port ?? 0;
    const stopped = first.get(RpcHost).stop();
    // The old server listens no more, and still owes its answers.
    const second = await vi.waitFor(() => start({ listen: { host: '127.0.0.1', port } }), { timeout: 60_000 });
    await vi.waitFor(() => client.sign({ purpose: 1, claimsJson: '{}' }), { timeout: 60_000 });
    expect(signingOf(second).calls.length).toBeGreaterThan(0);
    signingOf(first).letGo();
    expect(new Set((await running).map(({ jws }) => jws))).toEqual(new Set(['signed hold']));
    await stopped;
  }, 120_000);

  it('answers UNAVAILABLE for what was under way when the server died, and connects again', async () => {
    const dying = new Server();
    const exchange = { ...callsV1.CallsService.exchange };
    dying.addService({ exchange }, { exchange: () => undefined });
    const port = await new Promise<number>((resolve, reject) => {
      dying.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    const security = { kind: 'plaintext', peer: 'token' } as const;
    const channel = openRpcChannel({ target: `127.0.0.1:${port}`, security, transport: 'stream' });
    open.push(() => channel.close());
    const client = createRpcChannelClient(keysV1.SigningService, channel);
    const lost = client.sign({ purpose: 1, claimsJson: '{}' }, { deadlineMs: 60_000 });
    await once(dying as never, 'x', { signal: AbortSignal.timeout(300) }).catch(() => undefined);
    dying.forceShutdown();
    await expect(lost).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await vi.waitFor(() => start({ listen: { host: '127.0.0.1', port }, security: PLAINTEXT }), { timeout: 60_000 });
    const answer = await vi.waitFor(() => client.sign({ purpose: 1, claimsJson: '{}' }), { timeout: 60_000 });
    expect(answer.keyId).toBe('token');
  }, 120_000);

  it('calls a server that does not know the stream without it, and loses nothing', async () => {
    const old = new Server();
    const served: string[] = [];
    old.addService(keysV1.SigningService, {
      sign: (call: { request: keysV1.SignRequest }, callback: (error: null, answer: keysV1.SignResponse) => void) => {
        served.push(call.request.claimsJson);
        callback(null, { jws: 'old', keyId: '', algorithm: '' });
      },
    });
    const port = await new Promise<number>((resolve, reject) => {
      old.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    open.push(() => old.forceShutdown());
    const security = { kind: 'plaintext', peer: 'token' } as const;
    const channel = openRpcChannel({ target: `127.0.0.1:${port}`, security, transport: 'stream' });
    open.push(() => channel.close());
    const client = createRpcChannelClient(keysV1.SigningService, channel);
    const answers = await Promise.all(
      ['a', 'b', 'c'].map((claimsJson) => client.sign({ purpose: 1, claimsJson }, { deadlineMs: 60_000 })),
    );
    expect(answers.map(({ jws }) => jws)).toEqual(['old', 'old', 'old']);
    expect(served.toSorted()).toEqual(['a', 'b', 'c']);
  });

  it('uses every address of a name, each with a stream of its own, and passes over one that is gone', async () => {
    const named = await authority.issue([
      { type: 'url', value: 'spiffe://castellan/keys' },
      { type: 'dns', value: 'keys.castellan.test' },
    ]);
    const security = { kind: 'tls' as const, ca: authority.ca, ...named };
    const first = await start({ security });
    const port = first.get(RpcHost).port ?? 0;
    const second = await start({ listen: { host: '127.0.0.2', port }, security });
    const certificate = await authority.issueService('token');
    const channel = openRpcChannel({
      target: `keys.castellan.test:${port}`,
      security: { kind: 'tls', ca: authority.ca, ...certificate },
      transport: 'stream',
      resolve: async () => ['127.0.0.1', '127.0.0.2'],
    });
    open.push(() => channel.close());
    const client = createRpcChannelClient(keysV1.SigningService, channel);
    await vi.waitFor(
      async () => {
        for (let turn = 0; turn < 10; turn++) await client.sign({ purpose: 1, claimsJson: '{}' });
        expect(signingOf(first).calls.length).toBeGreaterThan(0);
        expect(signingOf(second).calls.length).toBeGreaterThan(0);
      },
      { timeout: 60_000 },
    );
    await second.get(RpcHost).stop();
    await vi.waitFor(
      async () => {
        for (let turn = 0; turn < 10; turn++) await client.sign({ purpose: 1, claimsJson: '{}' });
      },
      { timeout: 60_000 },
    );
  }, 120_000);

  it('does not carry the health check of a probe: that stays a unary rpc', async () => {
    const app = await start();
    const exchange = exchangeWith(targetOf(app), await authority.issueService('token'));
    exchange.listen();
    const request = Buffer.from(healthV1.HealthCheckRequest.encode({ service: '' }).finish());
    exchange.send({ methods: ['grpc.health.v1.Health/Check'], calls: [callOf(1, 0, '', { request })] });
    expect((await exchange.untilAnswered(1)).get(1)).toMatchObject({ code: status.UNIMPLEMENTED });
  });
});
