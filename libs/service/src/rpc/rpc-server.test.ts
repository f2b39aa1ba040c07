import { NestFactory } from '@nestjs/core';
import type { INestApplicationContext } from '@nestjs/common';
import {
  Client,
  Metadata,
  credentials,
  loadPackageDefinition,
  status,
  type ChannelCredentials,
  type ServiceError,
} from '@grpc/grpc-js';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { loadFileDescriptorSetFromBuffer, loadSync } from '@grpc/proto-loader';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  createRpcChannelClient,
  descriptorSetPath,
  healthV1,
  keysV1,
  tokenV1,
  wardenV1,
  openRpcChannel,
  type RpcChannelOptions,
} from '@castellan/rpc';
import { createSilentLogger } from '../logger.js';
import { READINESS } from '../readiness.js';
import { ServiceModule } from '../service.module.js';
import { createTestAuthority, type TestAuthority, type TestCertificate } from '../testing/certificates.js';
import { SigningService, keysModule } from '../testing/signing-service.js';
import { RpcHost } from './rpc-host.js';
import { RpcModule, type RpcModuleOptions } from './rpc.module.js';

const SIGN = '/castellan.keys.v1.Signing/Sign';
const PARTNER = 'spiffe://partner.example/billing';

let authority: TestAuthority;
let server: TestCertificate;
let ready = true;
let app: INestApplicationContext;
let target: string;

function start(options: Partial<RpcModuleOptions>): Promise<INestApplicationContext> {
  const readiness = {
    module: class {},
    providers: [{ provide: READINESS, useValue: { name: 'database', check: checkReady } }],
  };
  const rpc: RpcModuleOptions = {
    listen: { host: '127.0.0.1', port: 0 },
    security: { kind: 'tls', ca: authority.ca, ...server },
    clientPeers: [PARTNER],
    ...options,
  };
  const imports = [
    ServiceModule.forRoot({ logger: createSilentLogger() }),
    RpcModule.forRoot(rpc),
    keysModule(),
    readiness,
  ];
  return NestFactory.createApplicationContext({ module: class {}, imports }, { logger: false, abortOnError: false });
}

async function checkReady(): Promise<void> {
  if (!ready) throw new Error('down');
}

beforeAll(async () => {
  authority = await createTestAuthority();
  server = await authority.issueService('keys');
  app = await start({});
  target = `localhost:${app.get(RpcHost).port}`;
});
afterAll(() => app.close());

async function withChannel<T>(
  certificate: TestCertificate,
  use: (channel: ReturnType<typeof openRpcChannel>) => Promise<T>,
  more: { ca?: string; expectedServer?: string; target?: string } = {},
): Promise<T> {
  const security: RpcChannelOptions['security'] = {
    kind: 'tls',
    ca: more.ca ?? authority.ca,
    ...certificate,
    ...(more.expectedServer === undefined ? {} : { expectedServer: more.expectedServer }),
  };
  const channel = openRpcChannel({ target: more.target ?? target, security });
  try {
    return await use(channel);
  } finally {
    channel.close();
  }
}

function sign(certificate: TestCertificate, more?: { ca?: string; expectedServer?: string }): Promise<unknown> {
  return withChannel(
    certificate,
    (channel) => createRpcChannelClient(keysV1.SigningService, channel).sign({ purpose: 1, claimsJson: '{}' }),
    more,
  );
}

async function callRaw(
  path: string,
  bytes: Buffer,
  options: { readonly credentials?: ChannelCredentials; readonly metadata?: Metadata; readonly deadline?: number } = {},
): Promise<{ code: number; details: string } | Buffer> {
  const certificate = await authority.issueService('token');
  const secure = credentials.createSsl(
    Buffer.from(authority.ca),
    Buffer.from(certificate.key),
    Buffer.from(certificate.cert),
  );
  const client = new Client(target, options.credentials ?? secure, { 'grpc.max_send_message_length': -1 });
  try {
    return await new Promise((resolve) => {
      client.makeUnaryRequest(
        path,
        (value: Buffer) => value,
        (value: Buffer) => value,
        bytes,
        options.metadata ?? new Metadata(),
        { deadline: options.deadline ?? Date.now() + 5_000 },
        (error: ServiceError | null, answer) => resolve(error ?? answer ?? Buffer.alloc(0)),
      );
    });
  } finally {
    client.close();
  }
}

describe('a gRPC port', () => {
  it('answers the service that its certificate names', async () => {
    await expect(sign(await authority.issueService('token'))).resolves.toMatchObject({ keyId: 'token' });
  });

  it('takes a listed certificate of another program as the peer client, with the rights of that row only', async () => {
    const partner = await authority.issue([{ type: 'url', value: PARTNER }]);
    await expect(sign(partner)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    const keys = withChannel(partner, (channel) =>
      createRpcChannelClient(keysV1.SigningService, channel).getVerificationKeys({ purpose: 1 }),
    );
    await expect(keys).resolves.toEqual({ keys: [], maxAgeSeconds: 300 });
  });

  it.each([
    ['names no service', async () => authority.issue([])],
    ['names an unknown service', async () => authority.issueService('intruder')],
    ['names the peer that is reserved for listed programs', async () => authority.issueService('client')],
    ['belongs to another trust domain', async () => authority.issue([{ type: 'url', value: 'spiffe://evil/token' }])],
    ['names a service below another path', async () => authority.issueService('token/x')],
    [
      'names two services',
      async () =>
        authority.issue(
          ['token', 'keys'].map((name) => ({ type: 'url' as const, value: `spiffe://castellan/${name}` })),
        ),
    ],
    [
      'hides a name inside another one',
      async () => authority.issue([{ type: 'dns', value: 'x, URI:spiffe://castellan/token' }]),
    ],
  ])('answers UNAUTHENTICATED when the certificate %s', async (_title, issue) => {
    await expect(sign(await issue())).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it.each([
    [
      'expired',
      async () =>
        authority.issue([{ type: 'url', value: 'spiffe://castellan/token' }], {
          notAfter: new Date(Date.now() - 1_000),
        }),
    ],
    ['was issued by another authority', async () => (await createTestAuthority()).issueService('token')],
  ])('ends the handshake when the certificate %s', async (_title, issue) => {
    await expect(sign(await issue())).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('ends the handshake without a client certificate and without TLS', async () => {
    const bare = await callRaw(SIGN, Buffer.alloc(0), {
      credentials: credentials.createSsl(Buffer.from(authority.ca)),
    });
    expect(bare).toMatchObject({ code: status.UNAVAILABLE });
    const metadata = new Metadata();
    metadata.set('castellan-peer', 'token');
    const plain = await callRaw(SIGN, Buffer.alloc(0), { credentials: credentials.createInsecure(), metadata });
    expect(plain).toMatchObject({ code: status.UNAVAILABLE });
  });

  it('does not let metadata change who the peer is', async () => {
    const gateway = await authority.issueService('gateway');
    const metadata = new Metadata();
    metadata.set('castellan-peer', 'token');
    metadata.set('x-forwarded-client-cert', 'URI=spiffe://castellan/token');
    const own = credentials.createSsl(Buffer.from(authority.ca), Buffer.from(gateway.key), Buffer.from(gateway.cert));
    expect(await callRaw(SIGN, Buffer.alloc(0), { credentials: own, metadata })).toMatchObject({
      code: status.PERMISSION_DENIED,
    });
  });

  it('is refused by our client when its certificate names another service or comes from another authority', async () => {
    const certificate = await authority.issueService('token');
    await expect(sign(certificate, { expectedServer: 'keys' })).resolves.toMatchObject({ keyId: 'token' });
    await expect(sign(certificate, { expectedServer: 'warden' })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    const { ca } = await createTestAuthority();
    await expect(sign(certificate, { ca })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});

describe('a malformed gRPC request', () => {
  const nested = Buffer.concat([Buffer.from([0x12, 0xff, 0xff, 0x03]), Buffer.alloc(100, 0x0a)]);
  it.each([
    ['garbage', Buffer.from('ffffffffffffffffffffffff', 'hex')],
    ['a wrong wire type', Buffer.from('0d', 'hex')],
    ['a length beyond the message', nested],
    ['an unterminated group', Buffer.from('1b'.repeat(1000), 'hex')],
    ['text that is not UTF-8', Buffer.from('1202fffe', 'hex')],
    ['an overlong slash in a text', Buffer.from('1202c0af', 'hex')],
  ])('with %s is answered and hurts nobody', async (_title, bytes) => {
    expect(await callRaw(SIGN, bytes)).toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: 'the request is malformed',
    });
    await expect(sign(await authority.issueService('token'))).resolves.toBeDefined();
  });

  it('with field number 0 is read up to there and hurts nobody', async () => {
    const answer = await callRaw(SIGN, Buffer.from('00ff', 'hex'));
    expect(Buffer.isBuffer(answer) && keysV1.SignResponse.decode(answer).jws).toBe('signed ');
  });

  it('with unknown fields is answered without them', async () => {
    const bytes = Buffer.concat([
      keysV1.SigningService.sign.requestSerialize({ purpose: 1, claimsJson: 'x' }),
      Buffer.from('fa0101ff', 'hex'),
    ]);
    const answer = await callRaw(SIGN, bytes);
    expect(Buffer.isBuffer(answer) && keysV1.SignResponse.decode(answer).jws).toBe('signed x');
  });

  it('beyond 1 MiB is RESOURCE_EXHAUSTED', async () => {
    expect(await callRaw(SIGN, Buffer.alloc(1024 * 1024 + 1))).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
  });

  it('is not parsed for a peer that is not known', async () => {
    const stranger = await authority.issue([]);
    const own = credentials.createSsl(Buffer.from(authority.ca), Buffer.from(stranger.key), Buffer.from(stranger.cert));
    expect(await callRaw(SIGN, Buffer.from('ff', 'hex'), { credentials: own })).toMatchObject({
      code: status.UNAUTHENTICATED,
    });
  });

  it.each(['/castellan.keys.v1.Signing/sign', '/castellan.keys.v1.Signing/Sign/', '/castellan.keys.v1.Keys/GetKey'])(
    'for %s is UNIMPLEMENTED',
    async (path) => {
      expect(await callRaw(path, Buffer.alloc(0))).toMatchObject({ code: status.UNIMPLEMENTED });
    },
  );

  it('without a deadline gets five seconds, and with a far one thirty', async () => {
    await callRaw(SIGN, Buffer.alloc(0), { deadline: Number.POSITIVE_INFINITY });
    const { calls } = app.get(SigningService, { strict: false });
    const without = (calls.at(-1)?.deadline ?? 0) - Date.now();
    expect(without).toBeGreaterThan(2_000);
    expect(without).toBeLessThanOrEqual(5_000);
    await callRaw(SIGN, Buffer.alloc(0), { deadline: Date.now() + 86_400_000 });
    expect((calls.at(-1)?.deadline ?? 0) - Date.now()).toBeLessThanOrEqual(30_000);
  });
});

describe('gRPC health', () => {
  it('is open to every known peer and follows readiness', async () => {
    const admin = await authority.issueService('admin');
    await withChannel(admin, async (channel) => {
      const client = createRpcChannelClient(healthV1.HealthService, channel);
      expect(await client.check({ service: '' })).toEqual({ status: 1 });
      expect(await client.check({ service: 'castellan.keys.v1.Signing' })).toEqual({ status: 1 });
      await expect(client.check({ service: 'castellan.token.v1.Tokens' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
      ready = false;
      expect(await client.check({ service: '' })).toEqual({ status: 2 });
      ready = true;
    });
    await withChannel(await authority.issue([]), async (channel) => {
      const check = createRpcChannelClient(healthV1.HealthService, channel).check({ service: '' });
      await expect(check).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    });
  });
});

/** Asks the reflection service for its list, as grpcurl does. */
async function listServices(at: string, certificate: TestCertificate): Promise<string[] | number> {
  const root = dirname(createRequire(import.meta.url).resolve('@grpc/reflection/package.json'));
  const definition = loadSync(join(root, 'build/proto/grpc/reflection/v1/reflection.proto'));
  const api = loadPackageDefinition(definition) as unknown as {
    grpc: {
      reflection: {
        v1: {
          ServerReflection: new (
            target: string,
            own: ChannelCredentials,
          ) => Client & Record<string, () => NodeJS.ReadWriteStream>;
        };
      };
    };
  };
  const own = credentials.createSsl(
    Buffer.from(authority.ca),
    Buffer.from(certificate.key),
    Buffer.from(certificate.cert),
  );
  const client = new api.grpc.reflection.v1.ServerReflection(at, own);
  try {
    return await new Promise((resolve) => {
      const stream = client['serverReflectionInfo']?.();
      stream?.on('data', (answer: { listServicesResponse?: { service: { name: string }[] } }) => {
        stream.end();
        resolve((answer.listServicesResponse?.service ?? []).map(({ name }) => name).sort());
      });
      stream?.on('error', (error) => resolve((error as ServiceError).code));
      stream?.write({ listServices: '' } as unknown as string);
    });
  } finally {
    client.close();
  }
}

describe('gRPC reflection', () => {
  it('lists what the port serves to known peers only', async () => {
    expect(await listServices(target, await authority.issueService('admin'))).toEqual(
      expect.arrayContaining(['castellan.keys.v1.Signing', 'grpc.health.v1.Health']),
    );
    expect(await listServices(target, await authority.issueService('admin'))).not.toContain(
      'castellan.token.v1.Tokens',
    );
    expect(await listServices(target, await authority.issue([]))).toBe(status.UNAUTHENTICATED);
  });

  it('is absent when switched off', async () => {
    const quiet = await start({ reflection: false });
    expect(await listServices(`localhost:${quiet.get(RpcHost).port}`, await authority.issueService('admin'))).toBe(
      status.UNIMPLEMENTED,
    );
    await quiet.close();
  });

  it('answers from descriptors that hold every rpc of the generated code', () => {
    const described = loadFileDescriptorSetFromBuffer(readFileSync(descriptorSetPath()));
    const paths = Object.values(described).flatMap((entry) => Object.values(entry).map((rpc): unknown => rpc?.path));
    const generated = [keysV1, tokenV1, wardenV1, healthV1].flatMap((module) =>
      Object.entries(module).flatMap(([name, value]) => (name.endsWith('Service') ? Object.values(value) : [])),
    ) as { path: string }[];
    expect(generated.length).toBeGreaterThan(30);
    for (const { path } of generated) expect(paths).toContain(path);
  });
});

describe('the shutdown of a gRPC port', () => {
  it('lets a running call end and refuses new ones', async () => {
    const own = await start({});
    const at = `localhost:${own.get(RpcHost).port}`;
    const certificate = await authority.issueService('token');
    await withChannel(
      certificate,
      async (channel) => {
        const client = createRpcChannelClient(keysV1.SigningService, channel);
        await client.sign({ purpose: 1, claimsJson: '{}' });
        const hanging = client
          .sign({ purpose: 1, claimsJson: 'hang' }, { deadlineMs: 2_000 })
          .catch((error: unknown) => error);
        const { calls } = own.get(SigningService, { strict: false });
        await vi.waitUntil(() => calls.length === 2, { timeout: 60_000 });
        await own.close();
        expect(await hanging).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
        await expect(client.sign({ purpose: 1, claimsJson: '{}' })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      },
      { target: at },
    );
  });
});
