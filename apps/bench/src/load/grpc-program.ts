// Asks the Warden's gRPC door from a process of its own, as a service of another team would.
import { createRpcChannelClient, openRpcChannel, wardenV1 } from '@castellan/rpc';
import { readInput } from './input.js';
import type { ChecksPlan, LoadEffort } from './plan.js';
import { Tally } from './tally.js';

const { plan, effort } = JSON.parse(await readInput()) as { plan: ChecksPlan; effort: LoadEffort };
const channel = openRpcChannel({ target: plan.target, security: { kind: 'tls', ...plan.tls } });
const warden = createRpcChannelClient(wardenV1.WardenService, channel);
const checks = plan.checks.map((check) => wardenV1.CheckRequest.create({ ...check, context: {} }));
const tally = new Tally();
let next = 0;

const startedAt = performance.now();
const until = startedAt + effort.seconds * 1000;
await Promise.all(
  Array.from({ length: effort.connections }, () => (plan.batch === 1 ? askOneByOne() : askInBatches())),
);
process.stdout.write(JSON.stringify(tally.result((performance.now() - startedAt) / 1000, 0)));
channel.close();

async function askOneByOne(): Promise<void> {
  while (performance.now() < until) {
    const since = performance.now();
    await warden.check(take()).then(
      () => tally.succeed(since),
      (cause: unknown) => tally.fail(String(cause)),
    );
  }
}

async function askInBatches(): Promise<void> {
  while (performance.now() < until) {
    const since = performance.now();
    const asked = Array.from({ length: plan.batch }, take);
    await warden.batchCheck({ checks: asked }).then(
      ({ results }) =>
        results.forEach((result) => (result.decision ? tally.succeed(since) : tally.fail('no decision'))),
      (cause: unknown) => tally.fail(String(cause)),
    );
  }
}

function take(): wardenV1.CheckRequest {
  const check = checks[next++ % checks.length];
  if (check === undefined) throw new Error('the plan has no checks');
  return check;
}
