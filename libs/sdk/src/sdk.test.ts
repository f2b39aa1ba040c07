import { readFileSync } from 'node:fs';
import { type sendUnaryData, Server, ServerCredentials, type ServerUnaryCall, status } from '@grpc/grpc-js';
import type { ExecutionContext } from '@nestjs/common';
import { wardenV1 } from '@castellan/rpc';
import Fastify from 'fastify';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checkBearer, createWardenClient, expressGuard, fastifyGuard, type WardenClient } from './index.js';
import { nestGuard } from './nest.js';

const { DenialReason, ConsistencyMode } = wardenV1;

/** A Warden on a socket that allows Peter, and the token `good`, and fails as often as it is told to. */
const asked: (wardenV1.CheckRequest | wardenV1.CheckTokenRequest | wardenV1.BatchCheckRequest)[] = [];
let failures = 0;
let failure = status.UNAVAILABLE;
let server: Server;
let target: string;
let warden: WardenClient;
let outages: string[];

function serve<Request extends (typeof asked)[number], Response>(decide: (request: Request) => Response) {
  return (call: ServerUnaryCall<Request, Response>, answer: sendUnaryData<Response>): void => {
    asked.push(call.request);
    if (failures > 0) {
      failures--;
      answer({ code: failure });
    } else answer(null, decide(call.request));
  };
}

function decide({ subject }: wardenV1.CheckRequest): wardenV1.CheckResponse {
  const allowed = subject === 'peter';
  return { allowed, reason: allowed ? 0 : DenialReason.DENIAL_REASON_EXPLICIT, revision: 7 };
}

const tokenReasons = new Map([
  ['good', 0],
  ['narrow', DenialReason.DENIAL_REASON_SCOPE],
  ['mallory', DenialReason.DENIAL_REASON_DEFAULT],
]);

function decideToken({ token }: wardenV1.CheckTokenRequest): wardenV1.CheckTokenResponse {
  const reason = tokenReasons.get(token) ?? DenialReason.DENIAL_REASON_TOKEN_INACTIVE;
  const facts = wardenV1.TokenFacts.fromPartial({ subject: 'peter', clientId: 'app', scopes: ['a'], expiresAtMs: 5 });
  return { allowed: reason === 0, reason, revision: 7, token: reason === 0 ? facts : undefined };
}

beforeAll(async () => {
  server = new Server();
  server.addService(wardenV1.WardenService, {
    check: serve(decide),
    checkToken: serve(decideToken),
    batchCheck: serve(({ checks }: wardenV1.BatchCheckRequest) => ({
      results: checks.map((check) =>
        check.subject === '' ? { invalidArgument: 'subject' } : { decision: decide(check) },
      ),
    })),
    explain: () => undefined,
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  target = `127.0.0.1:${port}`;
  warden = createWardenClient({
    target,
    security: { kind: 'plaintext' },
    retries: { ratio: 0.1, burst: 2 },
    onOutage: ({ code }) => outages.push(code),
  });
});

afterAll(() => {
  warden?.close();
  server?.forceShutdown();
});

beforeEach(() => {
  asked.length = 0;
  failures = 0;
  failure = status.UNAVAILABLE;
  outages = [];
});

const check = { subject: 'peter', resource: 'r', action: 'a' };

describe('the client', () => {
  it('answers decisions', async () => {
    expect(await warden.check({ ...check, context: { ip: '10.0.0.1' } })).toEqual({ allowed: true, revision: 7 });
    expect(await warden.check({ ...check, subject: 'eve' })).toEqual({
      allowed: false,
      reason: 'explicit',
      revision: 7,
    });
    expect(asked[0]).toMatchObject({ ...check, context: { ip: '10.0.0.1' }, anonymous: false });
    const [first, second, third] = await warden.batchCheck([
      check,
      { ...check, subject: '' },
      { ...check, subject: 'eve' },
    ]);
    expect([first?.allowed, second, third?.allowed]).toEqual([
      true,
      { allowed: false, reason: 'malformed', revision: 0 },
      false,
    ]);
    expect(await warden.checkToken({ token: 'good', resource: 'r', action: 'a' })).toEqual({
      allowed: true,
      revision: 7,
      token: { subject: 'peter', clientId: 'app', scopes: ['a'], expiresAtMs: 5 },
    });
    expect(await warden.checkToken({ token: 'x', resource: 'r', action: 'a' })).toMatchObject({
      reason: 'token_inactive',
    });
  });

  it('says how new the policies must be', async () => {
    await warden.check(check, { consistency: 'fully_consistent' });
    await warden.check(check, { consistency: 'minimize_latency' });
    await warden.check(check, { consistency: { atLeast: 12 } });
    expect(asked.map((request) => request.consistency)).toEqual([
      { mode: ConsistencyMode.CONSISTENCY_MODE_FULLY_CONSISTENT, revision: 0 },
      { mode: ConsistencyMode.CONSISTENCY_MODE_MINIMIZE_LATENCY, revision: 0 },
      { mode: ConsistencyMode.CONSISTENCY_MODE_AT_LEAST, revision: 12 },
    ]);
  });

  it('repeats what was not available, within its budget, and then fails closed', async () => {
    failures = 1;
    expect((await warden.check(check)).allowed).toBe(true);
    expect(asked).toHaveLength(2);
    failures = 1000;
    const decisions = [];
    for (let i = 0; i < 10; i++) decisions.push(await warden.check(check));
    expect(decisions.every((decision) => !decision.allowed && decision.reason === 'outage')).toBe(true);
    expect(outages).toHaveLength(10);
    // Ten calls, and no more than the two that were saved up and the one that they earned.
    expect(1000 - failures).toBeLessThanOrEqual(13);
    expect(await warden.batchCheck([check])).toEqual([{ allowed: false, reason: 'outage', revision: 0 }]);
    expect(await warden.checkToken({ token: 'good', resource: 'r', action: 'a' })).toMatchObject({ reason: 'outage' });
  });

  it.each([status.DEADLINE_EXCEEDED, status.INTERNAL, status.RESOURCE_EXHAUSTED])(
    'fails closed with status %i and does not repeat it',
    async (code) => {
      failures = 1;
      failure = code;
      expect(await warden.check(check)).toMatchObject({ allowed: false, reason: 'outage' });
      expect(asked).toHaveLength(1);
    },
  );

  it('rejects a request that is wrong in itself', async () => {
    failures = 1;
    failure = status.INVALID_ARGUMENT;
    await expect(warden.check(check)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('keeps its deadline where nobody answers', async () => {
    const lost = createWardenClient({ target: '127.0.0.1:1', security: { kind: 'plaintext' }, deadlineMs: 200 });
    const start = performance.now();
    expect(await lost.check(check)).toMatchObject({ allowed: false, reason: 'outage' });
    expect(performance.now() - start).toBeLessThan(1500);
    lost.close();
  });
});

const outcomes: readonly [string, string | undefined, number, string | undefined][] = [
  ['a good token', 'Bearer good', 200, undefined],
  ['no token', undefined, 401, 'Bearer'],
  ['another scheme', 'Basic eDp5', 401, 'Bearer'],
  ['an inactive token', 'Bearer gone', 401, 'Bearer error="invalid_token"'],
  ['a token without the scope', 'Bearer narrow', 403, 'Bearer error="insufficient_scope", scope="a b"'],
  ['a bearer whom no policy allows', 'Bearer mallory', 403, undefined],
];
const rule = (): { resource: string; action: string; scopes: string[] } => ({
  resource: 'r',
  action: 'a',
  scopes: ['a', 'b'],
});

describe.each(outcomes)('a request with %s', (_title, authorization, expected, challenge) => {
  const headers = authorization !== undefined ? { authorization } : {};

  it('is answered by the guard of Fastify', async () => {
    const app = Fastify();
    app.get('/', { preHandler: fastifyGuard(warden, rule) }, async () => 'ok');
    const response = await app.inject({ url: '/', headers });
    expect([response.statusCode, response.headers['www-authenticate']]).toEqual([expected, challenge]);
    await app.close();
  });

  it('is answered by the guard of Express', async () => {
    const answered = await new Promise<{ code: number; challenge?: string }>((resolve) => {
      const answer: { code: number; challenge?: string } = { code: 200 };
      const response = {
        status: (code: number) => ((answer.code = code), response),
        set: (_name: string, value: string) => ((answer.challenge = value), response),
        end: () => resolve(answer),
      };
      expressGuard(warden, rule)({ headers }, response, () => resolve(answer));
    });
    expect([answered.code, answered.challenge]).toEqual([expected, challenge]);
  });

  it('is answered by the guard of Nest', async () => {
    let shown: string | undefined;
    const response = { header: (_name: string, value: string) => (shown = value) };
    const context = {
      switchToHttp: () => ({ getRequest: () => ({ headers }), getResponse: () => response }),
    } as unknown as ExecutionContext;
    const guarded = nestGuard(warden, rule).canActivate(context) as Promise<boolean>;
    if (expected === 200) expect(await guarded).toBe(true);
    else await expect(guarded).rejects.toMatchObject({ status: expected });
    expect(shown).toBe(challenge);
  });
});

describe('a guard', () => {
  it('answers 503 where there is no answer, or where its rule fails', async () => {
    failures = 1000;
    expect(await checkBearer(warden, 'Bearer good', rule)).toEqual({ allowed: false, status: 503 });
    failures = 0;
    const broken = (): never => {
      throw new Error('no such article');
    };
    expect(await checkBearer(warden, 'Bearer good', broken)).toEqual({ allowed: false, status: 503 });
  });
});

describe('the example of the README', () => {
  it('is the one that runs here', async () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    const example = readFileSync(new URL('testing/readme-example.ts', import.meta.url), 'utf8');
    const [, shown] = /```ts\n(.*?)```/s.exec(readme) ?? [];
    expect(shown).toBe(example.replace("'../index.js'", "'@castellan/sdk'"));

    process.env['WARDEN_GRPC'] = target;
    const { app } = await import('./testing/readme-example.js');
    const read = async (token: string): Promise<number> =>
      (await app.inject({ url: '/articles/7', headers: { authorization: `Bearer ${token}` } })).statusCode;
    expect([await read('good'), await read('mallory'), await read('gone')]).toEqual([200, 403, 401]);
    expect(asked[0]).toMatchObject({ resource: 'article:7', action: 'read', scopes: ['articles'] });
    await app.close();
  });
});
