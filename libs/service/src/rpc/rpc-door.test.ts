import { Client, Metadata, credentials, status } from '@grpc/grpc-js';
import { NestFactory } from '@nestjs/core';
import type { INestApplicationContext } from '@nestjs/common';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { callsV1, createRpcChannelClient, healthV1, openRpcChannel, wardenV1 } from '@castellan/rpc';
import { createSilentLogger } from '../logger.js';
import { ServiceModule } from '../service.module.js';
import { AskingService, askingModule } from '../testing/asking-service.js';
import { createTestAuthority, type TestAuthority, type TestCertificate } from '../testing/certificates.js';
import { RpcHost } from './rpc-host.js';
import { RpcModule } from './rpc.module.js';

const { WardenService } = wardenV1;
const TOKEN = 'ct_at_abc-._~+/def==';

let authority: TestAuthority;
let app: INestApplicationContext;
let service: AskingService;
let target: string;
let peerTarget: string;
let named: TestCertificate;

beforeAll(async () => {
  authority = await createTestAuthority();
  named = await authority.issueService('admin');
  const own = await authority.issueService('warden');
  const anyPort = { host: '127.0.0.1', port: 0 };
  const rpc = RpcModule.forRoot({
    listen: anyPort,
    security: { kind: 'tls', ca: authority.ca, ...own },
    bearerListen: { ...anyPort, ...(await authority.issue([])) },
  });
  const imports = [ServiceModule.forRoot({ logger: createSilentLogger() }), rpc, askingModule()];
  app = await NestFactory.createApplicationContext(
    { module: class {}, imports },
    { logger: false, abortOnError: false },
  );
  service = app.get(AskingService, { strict: false });
  target = `localhost:${app.get(RpcHost).bearerPort}`;
  peerTarget = `localhost:${app.get(RpcHost).port}`;
});
afterAll(() => app.close());
beforeEach(() => void (service.calls.length = 0));

const check = { subject: 'peter', resource: 'r', action: 'a', context: undefined, anonymous: false };

/** Calls with any metadata, and answers the status. */
function callWith(
  values: readonly [string, string][],
  { path = WardenService.check.path as string, secure = credentials.createSsl(Buffer.from(authority.ca)) } = {},
): Promise<number> {
  const client = new Client(target, secure);
  const metadata = new Metadata();
  for (const [name, value] of values) metadata.add(name, value);
  const bytes = WardenService.check.requestSerialize(check);
  return new Promise((resolve) => {
    const pass = (buffer: Buffer): Buffer => buffer;
    client.makeUnaryRequest(path, pass, pass, bytes, metadata, (error) => {
      client.close();
      resolve(error === null ? status.OK : error.code);
    });
  });
}

describe('the port for access tokens', () => {
  it('takes a token, hands it to the handler and calls the peer bearer, whatever else the call claims', async () => {
    const channel = openRpcChannel({ target, security: { kind: 'bearer', ca: authority.ca } });
    const warden = createRpcChannelClient(WardenService, channel);
    expect(await warden.check(check, { bearer: TOKEN })).toMatchObject({ allowed: true });
    const claims: [string, string][] = [
      ['authorization', `bearer ${TOKEN}`],
      ['castellan-peer', 'admin'],
    ];
    expect(await callWith(claims)).toBe(status.OK);
    const certificate = credentials.createSsl(
      Buffer.from(authority.ca),
      Buffer.from(named.key),
      Buffer.from(named.cert),
    );
    expect(await callWith(claims, { secure: certificate })).toBe(status.OK);
    const known = { peer: 'bearer', credential: { kind: 'bearer', token: TOKEN }, address: '127.0.0.1' };
    expect(service.calls.map(({ context }) => context)).toMatchObject([known, known, known]);
    channel.close();
  });

  it.each<[string, [string, string][]]>([
    ['no token', []],
    ['an empty token', [['authorization', 'Bearer ']]],
    ['another scheme', [['authorization', 'Basic eDp5']]],
    ['a token without a scheme', [['authorization', TOKEN]]],
    ['a text that is no token', [['authorization', 'Bearer a b']]],
    ['two tokens in one value', [['authorization', 'Bearer a, Bearer b']]],
    ['a token that is too long', [['authorization', `Bearer ${'a'.repeat(4097)}`]]],
    ['the name of a peer', [['castellan-peer', 'client']]],
    ['a token in another place', [['x-authorization', `Bearer ${TOKEN}`]]],
  ])('is closed to a call with %s', async (_what, metadata) => {
    expect(await callWith(metadata)).toBe(status.UNAUTHENTICATED);
    expect(service.calls).toHaveLength(0);
  });

  it('serves what lists the peer bearer, and nothing else', async () => {
    const others = [
      WardenService.batchCheck.path,
      WardenService.checkToken.path,
      healthV1.HealthService.check.path,
      callsV1.CallsService.exchange.path,
      '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
    ];
    for (const path of others) {
      expect(await callWith([['authorization', `Bearer ${TOKEN}`]], { path }), path).toBe(status.UNIMPLEMENTED);
    }
  });

  it('speaks TLS alone', async () => {
    expect(await callWith([['authorization', `Bearer ${TOKEN}`]], { secure: credentials.createInsecure() })).toBe(
      status.UNAVAILABLE,
    );
  });

  it('serves a stream, for which the token is shown once', async () => {
    const channel = openRpcChannel({ target, security: { kind: 'bearer', ca: authority.ca } });
    const stream = channel.openMessages(WardenService.streamCheck, {
      idOf: ({ id }) => id,
      isGoingAway: ({ goingAway }) => goingAway,
    });
    const ask = (bearer?: string): Promise<wardenV1.StreamCheckResponse> =>
      stream.ask((id, deadlineMs) => ({ id, deadlineMs, check }), {
        deadlineMs: 20_000,
        ...(bearer === undefined ? {} : { bearer }),
      });
    expect((await ask('one')).decision?.allowed).toBe(true);
    expect((await ask('two')).decision?.allowed).toBe(true);
    await expect(ask()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(service.calls.map(({ context }) => context.credential)).toEqual([
      { kind: 'bearer', token: 'one' },
      { kind: 'bearer', token: 'two' },
    ]);
    channel.close();
  });
});

describe('the port for certificates', () => {
  it('knows no token: without a certificate nobody is served', async () => {
    const channel = openRpcChannel({ target: peerTarget, security: { kind: 'bearer', ca: authority.ca } });
    const warden = createRpcChannelClient(WardenService, channel);
    await expect(warden.check(check, { bearer: TOKEN })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    channel.close();
  });

  it('knows no peer bearer, and no certificate names one', async () => {
    const bearer = await authority.issueService('bearer');
    const channel = openRpcChannel({ target: peerTarget, security: { kind: 'tls', ca: authority.ca, ...bearer } });
    const warden = createRpcChannelClient(WardenService, channel);
    await expect(warden.check(check)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    channel.close();
  });
});
