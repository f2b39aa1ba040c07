import { NestFactory } from '@nestjs/core';
import type { INestApplicationContext } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createRpcChannelClient, healthV1, keysV1, openRpcChannel, type RpcChannel, wardenV1 } from '@castellan/rpc';
import { ADMISSION_TABLE, type AdmissionTable } from '../admission/admission-class.js';
import { AdmissionModule } from '../admission/admission.module.js';
import { createSilentLogger } from '../logger.js';
import { createMetrics } from '../metrics.js';
import { ServiceModule } from '../service.module.js';
import { AskingService, askingModule } from '../testing/asking-service.js';
import { createTestAuthority } from '../testing/certificates.js';
import { RpcHost } from './rpc-host.js';
import { RpcModule } from './rpc.module.js';
import { RpcService } from './rpc-service.js';
import { SigningService, keysModule, signingPeers } from '../testing/signing-service.js';

let ends: (() => void)[] = [];
let noteArrival: () => void = () => undefined;

/** Signs when the test says so. */
@RpcService(keysV1.SigningService, signingPeers)
class HeldSigningService extends SigningService {
  override async sign(): Promise<keysV1.SignResponse> {
    await new Promise<void>((resolve) => {
      ends.push(resolve);
      noteArrival();
    });
    return { jws: 'signed', keyId: '', algorithm: '' };
  }
}

const table: AdmissionTable = { 'castellan.keys.v1.Signing': 'issuance' };
const metrics = createMetrics();
const logger = createSilentLogger();
const limits = { min: 2, max: 2, targetDelayMs: 600_000 };

let app: INestApplicationContext;

beforeAll(async () => {
  const imports = [
    ServiceModule.forRoot({ logger, metrics }),
    AdmissionModule.forRoot({ limits, logger, metrics }),
    RpcModule.forRoot({
      listen: { host: '127.0.0.1', port: 0 },
      security: { kind: 'plaintext', dangerousPlaintext: true },
    }),
    keysModule(HeldSigningService),
    { module: class {}, providers: [{ provide: ADMISSION_TABLE, useValue: table }] },
  ];
  app = await NestFactory.createApplicationContext({ module: class {}, imports }, { logger: false });
});
afterEach(release);
afterAll(() => app.close());

function release(): void {
  for (const end of ends) end();
  ends = [];
}

async function withChannel(transport: 'stream' | 'unary', use: (channel: RpcChannel) => Promise<void>): Promise<void> {
  const target = `127.0.0.1:${app.get(RpcHost).port}`;
  const channel = openRpcChannel({ target, transport, security: { kind: 'plaintext', peer: 'token' } });
  try {
    await use(channel);
  } finally {
    channel.close();
  }
}

describe.each(['stream', 'unary'] as const)('a gRPC server that is full, by %s', (transport) => {
  it('refuses with RESOURCE_EXHAUSTED, answers health, and serves again when a place is free', async () => {
    await withChannel(transport, async (channel) => {
      const signing = createRpcChannelClient(keysV1.SigningService, channel);
      const request = keysV1.SignRequest.create({ claimsJson: '{}' });
      const arrived = new Promise<void>((resolve) => (noteArrival = resolve));
      const signed = signing.sign(request);
      await arrived;
      // Two are the limit, and this class has nine tenths of it.
      await expect(signing.sign(request)).rejects.toMatchObject({
        code: 'RESOURCE_EXHAUSTED',
        message: 'the service is overloaded',
      });
      await withChannel('unary', async (plain) => {
        const health = createRpcChannelClient(healthV1.HealthService, plain);
        expect((await health.check({ service: '' })).status).toBe(healthV1.HealthCheckResponse_ServingStatus.SERVING);
      });
      release();
      expect((await signed).jws).toBe('signed');
      expect((await signing.getVerificationKeys({ purpose: keysV1.Purpose.PURPOSE_ID_TOKEN })).keys).toEqual([]);
    });
  });

  it('counts what it refuses', async () => {
    expect(await metrics.registry.metrics()).toMatch(
      /castellan_admission_refused_total\{class="issuance",reason="overload"\} [12]\b/,
    );
  });
});

describe('the port for access tokens, while it is flooded', () => {
  it('leaves room for what peers with certificates ask', async () => {
    const authority = await createTestAuthority();
    const uri = 'spiffe://example/asker';
    const metrics = createMetrics();
    const imports = [
      ServiceModule.forRoot({ logger, metrics }),
      AdmissionModule.forRoot({ limits: { ...limits, min: 10, max: 10 }, logger, metrics }),
      RpcModule.forRoot({
        listen: { host: '127.0.0.1', port: 0 },
        security: { kind: 'tls', ca: authority.ca, ...(await authority.issueService('warden')) },
        clientPeers: [uri],
        bearerListen: { host: '127.0.0.1', port: 0, ...(await authority.issue([])) },
      }),
      askingModule(),
      {
        module: class {},
        providers: [{ provide: ADMISSION_TABLE, useValue: { 'castellan.warden.v1.Warden': 'decision' } }],
      },
    ];
    const flooded = await NestFactory.createApplicationContext({ module: class {}, imports }, { logger: false });
    const { port, bearerPort } = flooded.get(RpcHost);
    const service = flooded.get(AskingService, { strict: false });
    const security = { kind: 'bearer', ca: authority.ca } as const;
    const strangers = openRpcChannel({ target: `localhost:${bearerPort}`, security });
    const listed = openRpcChannel({
      target: `localhost:${port}`,
      transport: 'unary',
      security: {
        kind: 'tls',
        ca: authority.ca,
        ...(await authority.issue([{ type: 'url', value: uri }])),
        expectedServer: 'warden',
      },
    });
    const stream = strangers.openMessages(wardenV1.WardenService.streamCheck, {
      idOf: ({ id }) => id,
      isGoingAway: ({ goingAway }) => goingAway,
    });
    const check = { resource: 'r', action: 'a', context: undefined, anonymous: false };
    const ask = (subject: string): Promise<wardenV1.StreamCheckResponse> =>
      stream.ask((id, deadlineMs) => ({ id, deadlineMs, check: { ...check, subject } }), {
        deadlineMs: 30_000,
        bearer: 'ct_at_abc.def',
      });
    // Of ten places strangers get nine.
    const held = Array.from({ length: 9 }, () => ask('hold'));
    await expect.poll(() => service.calls.length, { timeout: 60_000 }).toBe(9);
    expect((await ask('peter')).failure).toMatchObject({ message: 'the service is overloaded' });
    const peer = createRpcChannelClient(wardenV1.WardenService, listed);
    expect(await peer.check({ ...check, subject: 'peter' }, { deadlineMs: 30_000 })).toMatchObject({ allowed: true });
    service.letGo();
    await Promise.all(held);
    expect((await ask('peter')).decision?.allowed).toBe(true);
    strangers.close();
    listed.close();
    await flooded.close();
  });
});
