// Calls the product's gRPC ports from a process of its own, as a service of another team or of our own would.
import { openRpcChannel } from '@castellan/rpc';
import { makeCaller } from './grpc-callers.js';
import { readInput } from './input.js';
import type { CallsPlan, LoadEffort } from './plan.js';
import { Tally } from './tally.js';

const { plan, effort } = JSON.parse(await readInput()) as { plan: CallsPlan; effort: LoadEffort };
const channel = openRpcChannel({
  target: plan.target,
  security: { kind: 'tls', ...plan.tls },
  transport: plan.transport,
});
const tally = new Tally();
const caller = makeCaller(plan, channel);
const startedAt = performance.now();
const until = startedAt + effort.seconds * 1000;
await Promise.all(Array.from({ length: effort.connections }, callOverAndOver));
process.stdout.write(JSON.stringify(tally.result((performance.now() - startedAt) / 1000, 0)));
caller.close();
channel.close();

async function callOverAndOver(): Promise<void> {
  while (performance.now() < until) {
    const since = performance.now();
    await caller.call().then(
      (answers) => {
        for (let answer = 0; answer < answers; answer++) tally.succeed(since);
      },
      (cause: unknown) => tally.fail(String(cause)),
    );
  }
}
