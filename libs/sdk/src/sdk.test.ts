import { readFileSync } from 'node:fs';
import {
  type sendUnaryData,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  status,
} from '@grpc/grpc-js';
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

let malformed: wardenV1.CheckResponse | undefined;

function decide({ subject }: wardenV1.CheckRequest): wardenV1.CheckResponse {
  if (malformed !== undefined) return malformed;
  const allowed = subject === 'peter';
  return { allowed, reason: allowed ? 0 : DenialReason.DENIAL_REASON_EXPLICIT, revision: 7 };
}

const tokenReasons = new Map([
  ['good', 0],
  // Allowed, and nothing said of it.
  ['bare', 0],
  ['narrow', DenialReason.DENIAL_REASON_SCOPE],
  ['mallory', DenialReason.DENIAL_REASON_DEFAULT],
]);

function decideToken({ token }: wardenV1.CheckTokenRequest): wardenV1.CheckTokenResponse {
  const reason = tokenReasons.get(token) ?? DenialReason.DENIAL_REASON_TOKEN_INACTIVE;
  const facts = wardenV1.TokenFacts.fromPartial({ subject: 'peter', clientId: 'app', scopes: ['a'], expiresAtMs: 5 });
  return { allowed: reason === 0, reason, revision: 7, token: reason === 0 && token !== 'bare' ? facts : undefined };
}

function answerTo(
  check: wardenV1.CheckRequest | undefined,
  checkToken: wardenV1.CheckTokenRequest | undefined,
): Partial<wardenV1.StreamCheckResponse> {
  if (failures > 0) {
    failures--;
    return failure === status.INVALID_ARGUMENT
      ? { invalidArgument: 'subject' }
      : { failure: { code: failure, message: '' } };
  }
  return check !== undefined ? { decision: decide(check) } : { tokenDecision: checkToken && decideToken(checkToken) };
}

beforeAll(async () => {
  server = new Server();
  server.addService(wardenV1.WardenService, {
    check: serve(decide),
    checkToken: serve(decideToken),
    batchCheck: serve(({ checks }: wardenV1.BatchCheckRequest) => ({
      results: checks
        .filter(({ subject }) => subject !== 'short')
        .map((check) => (check.subject === '' ? { invalidArgument: 'subject' } : { decision: decide(check) })),
    })),
    streamCheck(call: ServerDuplexStream<wardenV1.StreamCheckRequest, wardenV1.StreamCheckResponse>) {
      call.on('data', ({ id, check, checkToken }: wardenV1.StreamCheckRequest) => {
        const request = check ?? checkToken;
        if (request !== undefined) asked.push(request);
        call.write({ id, ...answerTo(check, checkToken), goingAway: false });
      });
      call.on('end', () => call.end());
    },
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

  it('says for which resource a token must be, where one is named', async () => {
    const question = { token: 'good', resource: 'r', action: 'a' };
    await warden.checkToken({ ...question, audience: 'https://api.example' });
    await warden.checkToken(question);
    const audiences = asked.map((request) => ('token' in request ? request.audience : 'no token check'));
    expect(audiences).toEqual(['https://api.example', undefined]);
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
    expect(performance.now() - start).toBeLessThan(15_000);
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

describe('a client that asks on a stream', () => {
  let streaming: WardenClient;
  beforeAll(() => {
    streaming = createWardenClient({
      target,
      security: { kind: 'plaintext' },
      transport: 'stream',
      deadlineMs: 20_000,
      retries: { ratio: 0.1, burst: 2 },
      onOutage: ({ code }) => outages.push(code),
    });
  });
  afterAll(() => streaming.close());

  it('gets the answers of one that makes calls', async () => {
    const subjects = Array.from({ length: 300 }, (_, index) => (index % 2 === 0 ? 'peter' : 'eve'));
    const decisions = await Promise.all(subjects.map((subject) => streaming.check({ ...check, subject })));
    expect(decisions.map(({ allowed }) => allowed)).toEqual(subjects.map((subject) => subject === 'peter'));
    for (const token of ['good', 'narrow', 'gone']) {
      const tokenCheck = { token, resource: 'r', action: 'a' };
      expect(await streaming.checkToken(tokenCheck)).toEqual(await warden.checkToken(tokenCheck));
    }
    expect(await streaming.batchCheck([check])).toEqual([{ allowed: true, revision: 7 }]);
  });

  it('repeats what was not available, within its budget, and then fails closed', async () => {
    failures = 1;
    expect((await streaming.check(check)).allowed).toBe(true);
    failures = 1000;
    const decisions = [];
    for (let i = 0; i < 10; i++) decisions.push(await streaming.check(check));
    expect(decisions.every((decision) => !decision.allowed && decision.reason === 'outage')).toBe(true);
    expect(outages).toHaveLength(10);
    expect(1000 - failures).toBeLessThanOrEqual(13);
  });

  it.each([status.DEADLINE_EXCEEDED, status.INTERNAL, status.RESOURCE_EXHAUSTED])(
    'fails closed with status %i and does not repeat it',
    async (code) => {
      failures = 1;
      failure = code;
      expect(await streaming.check(check)).toMatchObject({ allowed: false, reason: 'outage' });
      expect(asked).toHaveLength(1);
    },
  );

  it('rejects a request that is wrong in itself', async () => {
    failures = 1;
    failure = status.INVALID_ARGUMENT;
    await expect(streaming.check(check)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: 'subject' });
  });
});

describe('an answer that no Warden gives', () => {
  it('allows nothing', async () => {
    malformed = { allowed: true, reason: DenialReason.DENIAL_REASON_EXPLICIT, revision: 7 };
    expect(await warden.check(check)).toEqual({ allowed: false, reason: 'unknown', revision: 7 });
    malformed = undefined;
    expect(await warden.checkToken({ token: 'bare', resource: 'r', action: 'a' })).toMatchObject({ reason: 'outage' });
    const short = await warden.batchCheck([{ ...check, subject: 'short' }, check]);
    expect(short.map((decision) => !decision.allowed && decision.reason)).toEqual(['outage', 'outage']);
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

describe('a guard', () => {
  const never = (): never => {
    throw new Error('no such article');
  };
  const broken = { checkToken: () => Promise.reject(new Error('broke')) };
  const headers = { authorization: 'Bearer good' };

  it.each([
    ['a rule that throws', () => fastifyGuard(warden, never)],
    ['a rule that rejects', () => fastifyGuard(warden, () => Promise.reject(new Error('late')))],
    ['a client that breaks', () => fastifyGuard(broken, rule)],
    ['an answer that is none', () => fastifyGuard({ checkToken: () => Promise.resolve(undefined as never) }, rule)],
  ])('of Fastify answers 503 with %s, and does not run the route', async (_what, guard) => {
    let ran = false;
    const app = Fastify();
    app.get('/', { preHandler: guard() }, async () => (ran = true));
    expect((await app.inject({ url: '/', headers })).statusCode).toBe(503);
    expect(ran).toBe(false);
    await app.close();
  });

  it('waits for a rule that takes its time', async () => {
    const app = Fastify();
    app.get('/', { preHandler: fastifyGuard(warden, async () => rule()) }, async () => 'ok');
    expect((await app.inject({ url: '/', headers })).statusCode).toBe(200);
    await app.close();
  });

  it('of Express passes an answer that cannot be sent on as an error', async () => {
    const response = {
      status: () => response,
      set: () => {
        throw new Error('sent already');
      },
      end: () => undefined,
    };
    const passed = await new Promise<unknown>((resolve) =>
      expressGuard(warden, rule)({ headers: {} }, response, resolve),
    );
    expect(passed).toBeInstanceOf(Error);
  });

  it('of Express does not run what follows when its rule throws', async () => {
    const code = await new Promise<unknown>((resolve) => {
      let sent = 0;
      const response = {
        status: (status: number) => ((sent = status), response),
        set: () => response,
        end: () => resolve(sent),
      };
      expressGuard(warden, never)({ headers }, response, () => resolve('passed'));
    });
    expect(code).toBe(503);
  });

  it('of Nest refuses what is no HTTP request, and rules that throw', async () => {
    const contextOf = (request: unknown): ExecutionContext =>
      ({
        switchToHttp: () => ({ getRequest: () => request, getResponse: () => ({ header: () => undefined }) }),
      }) as unknown as ExecutionContext;
    await expect(nestGuard(warden, rule).canActivate(contextOf(undefined))).rejects.toBeDefined();
    await expect(nestGuard(warden, never).canActivate(contextOf({ headers }))).rejects.toMatchObject({ status: 503 });
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
