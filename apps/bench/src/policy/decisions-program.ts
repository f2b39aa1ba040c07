// One engine, one size, one process: decides for a while and writes what that took.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { readInput } from '../load/input.js';
import { percentile } from '../statistics.js';
import type { DecisionFigures, DecisionTask } from './decisions.js';
import { type Engine, engines } from './engines.js';
import { makeWorkload } from './workload.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const task = JSON.parse(await readInput()) as DecisionTask;
const engine: Engine = engines[task.engine];
const workload = makeWorkload(task.size);
const { requests } = workload;

const before = memory();
const loadStart = performance.now();
const decide = await engine.prepare(workload);
const loadSeconds = (performance.now() - loadStart) / 1000;
const others = await prepareOthers();
const bytesPerPolicy = (memory() - before) / task.size / (others.length + 1);
others.length = 0;

const answers = requests.slice(0, task.answers).map((request) => (decide(request) ? '1' : '0'));
decideFor(task.seconds / 3);
const cpuStart = process.cpuUsage();
const decided = decideFor(task.seconds);
const cpu = process.cpuUsage(cpuStart);

const durations: number[] = [];
const end = performance.now() + (task.seconds * 1000) / 3;
for (let index = 0; performance.now() < end && durations.length < 200_000; index++) {
  const request = requests[index % requests.length];
  if (request === undefined) break;
  const since = process.hrtime.bigint();
  decide(request);
  durations.push(Number(process.hrtime.bigint() - since) / 1000);
}
durations.sort((left, right) => left - right);

const figures: DecisionFigures = {
  us: (cpu.user + cpu.system) / decided,
  p50Us: percentile(durations, 0.5),
  p99Us: percentile(durations, 0.99),
  bytesPerPolicy,
  loadSeconds,
  answers: answers.join(''),
};
process.stdout.write(JSON.stringify(figures));

/** As many more of a small set, in a second at most, that the code, which is compiled meanwhile, is little beside them. */
async function prepareOthers(): Promise<unknown[]> {
  const until = performance.now() + 1000;
  const prepared: unknown[] = [];
  while ((prepared.length + 1) * task.size < 100_000 && prepared.length < 100 && performance.now() < until) {
    prepared.push(await engine.prepare(workload));
  }
  return prepared;
}

/** Decides the requests in turn until time is up, one at least; answers how many. The clock is read every 64 at most. */
function decideFor(seconds: number): number {
  const until = performance.now() + seconds * 1000;
  let count = 0;
  let step = 1;
  while (performance.now() < until) {
    for (const stop = count + step; count < stop; count++) {
      const request = requests[count % requests.length];
      if (request !== undefined) decide(request);
    }
    step = performance.now() + 10 < until ? Math.min(64, step * 2) : step;
  }
  return count;
}

/**
 * Everything that the process holds for data: heap, and buffers, which `external` counts: those that a collection frees
 * until the next; or the memory of WebAssembly.
 */
function memory(): number {
  collect();
  collect();
  const { heapUsed, external, rss } = process.memoryUsage();
  return task.engine === 'cedar' ? rss : heapUsed + external;
}
