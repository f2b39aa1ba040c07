import { NestFactory } from '@nestjs/core';
import type { INestApplicationContext } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createRpcChannelClient, healthV1, keysV1, openRpcChannel, type RpcChannel } from '@castellan/rpc';
import { ADMISSION_TABLE, type AdmissionTable } from '../admission/admission-class.js';
import { AdmissionModule } from '../admission/admission.module.js';
import { createSilentLogger } from '../logger.js';
import { createMetrics } from '../metrics.js';
import { ServiceModule } from '../service.module.js';
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
