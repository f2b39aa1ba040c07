import { afterAll, beforeAll } from 'vitest';
import { Injectable, type DynamicModule, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { createTestDatabase, type TestDatabase } from '@castellan/postgres/testing';
import { keysV1, tokenV1, wardenV1, type RpcClient, type RpcHandlers } from '@castellan/rpc';
import { createLogger, RpcHost, RpcModule, RpcService, ServiceModule } from '@castellan/service';
import { readTokenConfig } from '../token.config.js';
import { TokenModule } from '../token.module.js';

const publicJwk = JSON.stringify({ kty: 'RSA', kid: 'k1', alg: 'RS256', use: 'sig', n: 'x', e: 'AQAB' });

/** Keys and Warden as the token service sees them. */
@Injectable()
@RpcService(keysV1.SigningService, { sign: ['token'], getVerificationKeys: ['token'] })
class Signing implements RpcHandlers<typeof keysV1.SigningService> {
  async sign(request: keysV1.SignRequest): Promise<keysV1.SignResponse> {
    return { jws: `e30.${Buffer.from(request.claimsJson).toString('base64url')}.sig`, keyId: 'k1', algorithm: 'RS256' };
  }
  async getVerificationKeys(): Promise<keysV1.GetVerificationKeysResponse> {
    return { keys: [publicJwk], maxAgeSeconds: 10 };
  }
}

@Injectable()
@RpcService(wardenV1.WardenService, { check: ['token'], checkToken: [], batchCheck: [], streamCheck: [], explain: [] })
export class Warden implements RpcHandlers<typeof wardenV1.WardenService> {
  readonly asked: wardenV1.CheckRequest[] = [];
  async check(request: wardenV1.CheckRequest): Promise<wardenV1.CheckResponse> {
    this.asked.push(request);
    return { allowed: request.subject === 'auditor', reason: 0, revision: 1 };
  }
  checkToken = () => Promise.reject(new Error('not asked'));
  batchCheck = () => Promise.reject(new Error('not asked'));
  streamCheck = () => Promise.reject(new Error('not asked'));
  explain = () => Promise.reject(new Error('not asked'));
}

class NeighboursModule {}
const neighbours: DynamicModule = { module: NeighboursModule, providers: [Signing, Warden] };

export function basic(id: string, secret: string): string {
  return `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
}

export function form(values: Record<string, string>): tokenV1.Parameter[] {
  return Object.entries(values).map(([name, value]) => ({ name, value }));
}

export function clientOf(values: Partial<tokenV1.Client>): tokenV1.Client {
  return tokenV1.Client.create({
    redirectUris: ['https://rp.example/cb'],
    grantTypes: ['authorization_code', 'client_credentials'],
    scope: 'hydra openid',
    ...values,
  });
}

/** The token service on a database of its own, with stand-ins for keys and Warden, as its neighbours call it. */
export type TokenService = ReturnType<typeof useTokenService>;

/** Starts the service for the tests of the file that calls this. */
export function useTokenService() {
  let test: TestDatabase;
  let app: INestApplicationContext;
  let tokens: RpcClient<typeof tokenV1.TokensService>;
  let clients: RpcClient<typeof tokenV1.ClientsService>;
  const service = {
    /** Lines of the log of every service that was started. */
    log: [] as string[],
    get database(): TestDatabase['database'] {
      return test.database;
    },
    get app(): INestApplicationContext {
      return app;
    },
    get tokens(): RpcClient<typeof tokenV1.TokensService> {
      return tokens;
    },
    get clients(): RpcClient<typeof tokenV1.ClientsService> {
      return clients;
    },
    /** Starts one more service on the same database; the caller closes it. */
    async start(changes: Record<string, string> = {}): Promise<INestApplicationContext> {
      const config = readTokenConfig({
        DATABASE_URL: test.url,
        ISSUER: 'https://as.example/',
        CONSENT_URL: 'https://consent.example/consent',
        TOKEN_SECRET: 'cds1_token_for_the_tests_only',
        ...changes,
      });
      const logger = createLogger({ destination: { write: (line) => void service.log.push(line) } });
      class Root {}
      const root: DynamicModule = {
        module: Root,
        imports: [ServiceModule.forRoot({ logger }), RpcModule.forRoot({}), neighbours, TokenModule.forRoot(config)],
      };
      return NestFactory.createApplicationContext(root, { logger: false, abortOnError: false });
    },
    issue: (authorization: string, values: Record<string, string> = {}): Promise<tokenV1.IssueTokenResponse> =>
      tokens.issueToken({
        parameters: form({ grant_type: 'client_credentials', ...values }),
        authorization,
        remoteAddress: '',
      }),
  };
  beforeAll(async () => {
    test = await createTestDatabase('token');
    app = await service.start();
    const host = app.get(RpcHost);
    tokens = host.createClient(tokenV1.TokensService, 'gateway');
    clients = host.createClient(tokenV1.ClientsService, 'admin');
  });
  afterAll(async () => {
    await app.close();
    await test.drop();
  });
  return service;
}
