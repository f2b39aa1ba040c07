// The index alone in a process: filled, decided by, and changed policy by policy; writes what that took.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type AccessRequest, type Policy, PolicyIndex } from '@castellan/policy';
import { readInput } from '../load/input.js';
import { median, percentile } from '../statistics.js';
import { hardSets } from './hard-sets.js';
import type { IndexFigures, IndexTask } from './index-figures.js';
import { makeWorkload, type Workload } from './workload.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const revision = { number: 1, mark: 'bench' };
const slices = 20;

const task = JSON.parse(await readInput()) as IndexTask;
const workload = workloadOf(task);
const { policies, memberships, requests } = workload;

const before = memory();
const loadStart = cpu();
const index = new PolicyIndex({ revision, policies, memberships });
const loadSeconds = (cpu() - loadStart) / 1e6;
// Of a small set so many that the code, which is compiled meanwhile, is little beside them.
const copies = typeof task.work === 'number' ? Math.ceil(100_000 / task.work) : 1;
const others = Array.from({ length: copies - 1 }, () => new PolicyIndex({ revision, policies, memberships }));
const bytesPerPolicy = (memory() - before) / policies.length / copies;
others.length = 0;

decideFor(task.seconds / 3);
const perDecision = Array.from({ length: slices }, () => decideFor(task.seconds / slices));
const durations = timeEach();
const changes = timeChanges();

const figures: IndexFigures = {
  us: median(perDecision),
  leastUs: Math.min(...perDecision),
  p50Us: percentile(durations, 0.5),
  p99Us: percentile(durations, 0.99),
  bytesPerPolicy,
  loadSeconds,
  ...changes,
};
process.stdout.write(JSON.stringify(figures));

function workloadOf({ work }: IndexTask): Workload {
  if (typeof work === 'number') return makeWorkload(work);
  const set = hardSets[work];
  return { policies: set.policies(), memberships: [], requests: [set.request] };
}

/** CPU per decision over some time, in microseconds. The clock is read every 64 decisions. */
function decideFor(seconds: number): number {
  const until = performance.now() + seconds * 1000;
  const start = cpu();
  let count = 0;
  do {
    for (const stop = count + 64; count < stop; count++) index.decide(pick(requests, count));
  } while (performance.now() < until);
  return (cpu() - start) / count;
}

/** How long single decisions take, in microseconds, ordered. */
function timeEach(): number[] {
  const taken: number[] = [];
  const end = performance.now() + (task.seconds * 1000) / 3;
  for (let i = 0; performance.now() < end && taken.length < 200_000; i++) {
    const request: AccessRequest = pick(requests, i);
    const since = process.hrtime.bigint();
    index.decide(request);
    taken.push(Number(process.hrtime.bigint() - since) / 1000);
  }
  return taken.sort((left, right) => left - right);
}

/** CPU of removing one policy and of adding it again, in microseconds: the middle over some dozens of rounds. */
function timeChanges(): Pick<IndexFigures, 'addUs' | 'removeUs'> {
  const chosen: Policy[] = [];
  for (let i = 0; i < Math.min(1000, policies.length); i++) chosen.push(pick(policies, i * 7919));
  const distinct = [...new Map(chosen.map((policy) => [policy.id, policy])).values()];
  const taken: { addUs: number; removeUs: number }[] = [];
  for (let round = 0; round < 24; round++) {
    const start = cpu();
    for (const { id } of distinct) index.apply({ revision, policies: [], removedPolicyIds: [id], memberships: [] });
    const middle = cpu();
    for (const policy of distinct) index.apply({ revision, policies: [policy], removedPolicyIds: [], memberships: [] });
    taken.push({ removeUs: (middle - start) / distinct.length, addUs: (cpu() - middle) / distinct.length });
  }
  return { addUs: median(taken.map(({ addUs }) => addUs)), removeUs: median(taken.map(({ removeUs }) => removeUs)) };
}

function pick<Item>(items: readonly Item[], at: number): Item {
  const item = items[at % items.length];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
}

/** CPU of this process until now, in microseconds. */
function cpu(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** What the process holds for data: heap, and buffers, which `external` counts: those that a collection frees until the next. */
function memory(): number {
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
