import { createRpcChannelClient, keysV1, type RpcChannel, wardenV1 } from '@castellan/rpc';
import { createWardenClient } from '@castellan/sdk';
import { type CallsPlan, checksPerBatch, type CheckWork, type SignWork } from './plan.js';

/** Calls once and answers how many decisions or signatures came of it. Rejects when one did not. */
export type Caller = { call(): Promise<number>; close(): void };

/** Makes what a plan wants to be called. */
export function makeCaller(plan: CallsPlan, channel: RpcChannel): Caller {
  const { work } = plan;
  if (work.kind === 'sign') return makeSigner(work, channel);
  if (work.kind === 'sdk-check') return makeSdkCaller(plan, work, 'unary');
  return work.kind === 'sdk-stream-check' ? makeSdkCaller(plan, work, 'stream') : makeChecker(work, channel);
}

function makeChecker({ kind, checks, consistency }: CheckWork, channel: RpcChannel): Caller {
  const warden = createRpcChannelClient(wardenV1.WardenService, channel);
  const demanded =
    consistency === undefined
      ? {}
      : { consistency: { mode: wardenV1.ConsistencyMode.CONSISTENCY_MODE_MINIMIZE_LATENCY, revision: 0 } };
  const next = inTurn(checks.map((check) => wardenV1.CheckRequest.create({ ...check, context: {}, ...demanded })));
  const one = async (): Promise<number> => {
    await warden.check(next());
    return 1;
  };
  const many = async (): Promise<number> => {
    const { results } = await warden.batchCheck({ checks: Array.from({ length: checksPerBatch }, next) });
    if (!results.every(({ decision }) => decision !== undefined)) throw new Error('no decision');
    return results.length;
  };
  return { call: kind === 'check' ? one : many, close: () => undefined };
}

function makeSdkCaller({ target, tls }: CallsPlan, { checks }: CheckWork, transport: 'unary' | 'stream'): Caller {
  // An outage is an answer of the SDK; here it is a failure.
  const client = createWardenClient({ target, security: { kind: 'tls', ...tls }, deadlineMs: 10_000, transport });
  const next = inTurn(checks);
  return {
    call: async () => {
      const decision = await client.check(next());
      if (!decision.allowed && decision.reason === 'outage') throw new Error('the SDK answered an outage');
      return 1;
    },
    close: () => client.close(),
  };
}

function makeSigner({ issuer }: SignWork, channel: RpcChannel): Caller {
  const signing = createRpcChannelClient(keysV1.SigningService, channel);
  const issuedAt = Math.floor(Date.now() / 1000);
  const claims = { iss: issuer, sub: 'bench', aud: 'bench', client_id: 'bench', iat: issuedAt, exp: issuedAt + 600 };
  let count = 0;
  return {
    call: async () => {
      const claimsJson = JSON.stringify({ ...claims, jti: `bench-${count++}` });
      const { jws } = await signing.sign({ purpose: keysV1.Purpose.PURPOSE_ACCESS_TOKEN, claimsJson });
      if (jws.split('.').length !== 3) throw new Error('no JWS');
      return 1;
    },
    close: () => undefined,
  };
}

function inTurn<Item>(items: readonly Item[]): () => Item {
  let turn = 0;
  return () => {
    const item = items[turn++ % items.length];
    if (item === undefined) throw new Error('the plan has nothing to ask');
    return item;
  };
}
