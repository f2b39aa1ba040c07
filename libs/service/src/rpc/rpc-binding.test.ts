import { CanActivate, Injectable, UseGuards, type DynamicModule, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RpcError, keysV1, type RpcClient } from '@castellan/rpc';
import { createLogger } from '../logger.js';
import { ServiceModule } from '../service.module.js';
import { SigningService, callerModule, keysModule } from '../testing/signing-service.js';
import { RpcHost } from './rpc-host.js';
import { RpcService, rpcClientToken } from './rpc-service.js';
import { RpcModule, type RpcModuleOptions } from './rpc.module.js';

type Client = RpcClient<typeof keysV1.SigningService>;
type World = {
  readonly client: (name: 'token' | 'gateway' | 'admin') => Client;
  readonly service: SigningService;
  readonly log: string[];
  readonly close: () => Promise<void>;
};

const PLAINTEXT = { kind: 'plaintext', dangerousPlaintext: true } as const;

function startContext(
  modules: DynamicModule[],
  rpc: RpcModuleOptions,
  log: string[],
): Promise<INestApplicationContext> {
  const logger = createLogger({ destination: { write: (line) => void log.push(line) } });
  const root = {
    module: class {},
    imports: [ServiceModule.forRoot({ logger }), RpcModule.forRoot(rpc), ...modules],
  };
  return NestFactory.createApplicationContext(root, { logger: false, abortOnError: false });
}

async function startInProcess(inProcessCodec: boolean): Promise<World> {
  const log: string[] = [];
  const app = await startContext([keysModule()], { inProcessCodec }, log);
  return {
    client: (name) => app.get(RpcHost).createClient(keysV1.SigningService, name),
    service: app.get(SigningService, { strict: false }),
    log,
    close: () => app.close(),
  };
}

async function startOverTheWire(transport: 'unary' | 'stream'): Promise<World> {
  const log: string[] = [];
  const listen = { host: '127.0.0.1', port: 0 };
  const app = await startContext([keysModule()], { listen, security: PLAINTEXT }, log);
  const targets = { keys: `127.0.0.1:${app.get(RpcHost).port}` };
  const callers = new Map<string, INestApplicationContext>();
  for (const name of ['token', 'gateway', 'admin'] as const) {
    callers.set(name, await startContext([callerModule(name)], { targets, security: PLAINTEXT, transport }, log));
  }
  return {
    client(name) {
      const caller = callers.get(name);
      if (caller === undefined) throw new Error('unknown caller');
      return caller.get<Client>(rpcClientToken(keysV1.SigningService), { strict: false });
    },
    service: app.get(SigningService, { strict: false }),
    log,
    async close() {
      for (const caller of callers.values()) await caller.close();
      await app.close();
    },
  };
}

function request(claimsJson: string): keysV1.SignRequest {
  return { purpose: keysV1.Purpose.PURPOSE_ID_TOKEN, claimsJson };
}

const MODES = [
  { mode: 'in process', start: () => startInProcess(false) },
  { mode: 'in process through the codec', start: () => startInProcess(true) },
  { mode: 'over the wire', start: () => startOverTheWire('unary') },
  { mode: 'over the wire on a stream', start: () => startOverTheWire('stream') },
];

describe.each(MODES)('an rpc $mode', ({ start }) => {
  let world: World;
  beforeAll(async () => {
    world = await start();
  });
  afterAll(() => world.close());

  it('is answered, and the handler knows the peer, the deadline and the request id', async () => {
    const before = Date.now();
    const answer = await world.client('token').sign(request('{"sub":"\u00e4"}'), { requestId: 'r-1', deadlineMs: 900 });
    expect(answer).toEqual({ jws: 'signed {"sub":"\u00e4"}', keyId: 'token', algorithm: '1' });
    const context = world.service.calls.at(-1);
    expect(context?.peer).toBe('token');
    expect(context?.requestId).toBe('r-1');
    expect(context?.deadline).toBeGreaterThan(before + 100);
    expect(context?.deadline).toBeLessThanOrEqual(Date.now() + 900);
  });

  it('answers an empty list as an empty list', async () => {
    expect(await world.client('gateway').getVerificationKeys({ purpose: 1 })).toEqual({ keys: [], maxAgeSeconds: 300 });
  });

  it('carries a refusal of the handler with its code and words', async () => {
    const error = await world
      .client('token')
      .sign(request('refuse'))
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RpcError);
    expect(error).toMatchObject({ code: 'FAILED_PRECONDITION', message: 'no current key for \u00fcber\n"purpose"' });
  });

  it('hides a fault behind INTERNAL and logs it once without secrets', async () => {
    world.log.length = 0;
    const error = await world
      .client('token')
      .sign(request('break'))
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RpcError);
    expect(error).toMatchObject({ code: 'INTERNAL', message: 'internal error' });
    const lines = world.log.filter((line) => line.includes('An rpc failed'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('broke');
    expect(lines[0]).not.toContain('hunter2');
  });

  it('refuses a peer that is not in the row of the rpc before the handler runs', async () => {
    const before = world.service.calls.length;
    for (const name of ['gateway', 'admin'] as const) {
      await expect(world.client(name).sign(request('{}'))).rejects.toMatchObject({
        code: 'PERMISSION_DENIED',
        message: `${name} may not call castellan.keys.v1.Signing/Sign`,
      });
    }
    expect(world.service.calls).toHaveLength(before);
  });

  it('ends at its deadline', async () => {
    const startedAt = Date.now();
    await expect(world.client('token').sign(request('hang'), { deadlineMs: 80 })).rejects.toMatchObject({
      code: 'DEADLINE_EXCEEDED',
    });
    expect(Date.now() - startedAt).toBeLessThan(15_000);
  });
});

describe('the binding of rpcs', () => {
  it('does not start when a service is neither hosted nor addressed', async () => {
    await expect(startContext([callerModule('token')], {}, [])).rejects.toThrow('set KEYS_GRPC');
  });

  it('does not serve plaintext beyond loopback, nor anything without certificates', async () => {
    const wide = { listen: { port: 0 }, security: PLAINTEXT };
    await expect(startContext([keysModule()], wide, [])).rejects.toThrow('loopback only');
    await expect(startContext([keysModule()], { listen: { port: 0 } }, [])).rejects.toThrow('GRPC_TLS_CERT_PATH');
  });

  it('answers UNAVAILABLE when nobody listens', async () => {
    const app = await startContext(
      [callerModule('token')],
      { targets: { keys: '127.0.0.1:9' }, security: PLAINTEXT },
      [],
    );
    const client = app.get<Client>(rpcClientToken(keysV1.SigningService), { strict: false });
    await expect(client.sign(request('{}'))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await app.close();
  });

  it('applies guards of the provider to calls in process and turns their refusal into PERMISSION_DENIED', async () => {
    @Injectable()
    class ClosedGuard implements CanActivate {
      canActivate(): boolean {
        return false;
      }
    }
    @Injectable()
    @UseGuards(ClosedGuard)
    @RpcService(keysV1.SigningService, { sign: ['token'], getVerificationKeys: [] })
    class GuardedSigning extends SigningService {}
    const app = await startContext([keysModule(GuardedSigning), callerModule('token')], {}, []);
    const client = app.get<Client>(rpcClientToken(keysV1.SigningService), { strict: false });
    await expect(client.sign(request('{}'))).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    await expect(client.getVerificationKeys({ purpose: 1 })).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    await app.close();
  });
});
