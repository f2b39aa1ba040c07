import { generateLoad } from './load/generate.js';
import type { LoadPlan, LoadResult } from './load/plan.js';
import { cpuOf, cpuOfTree, machineCpu, memoryOf } from './machine/cpu.js';
import type { Row } from './scenario.js';
import { median } from './statistics.js';
import type { World } from './world.js';

/** Somebody who does the work of a scenario. */
export type Contender = {
  readonly name: string;
  readonly work: string;
  /** The next round's load: a refresh goes on with the tokens of the last one. */
  readonly plan: () => LoadPlan;
  /** Told what a round left behind. */
  readonly onRound?: (refreshTokens: readonly string[]) => void;
  readonly pids: readonly number[];
  /** What its processes wrote; shown when it fails. */
  readonly output: () => string;
  /** Instead of the run's. */
  readonly connections?: number;
};

/** What one round of a contender gave. */
export type Round = {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly serverUs: number | undefined;
  readonly databaseUs: number | undefined;
  readonly failures: number;
  readonly strangers: number;
};

// A round in which others used more than this share of the machine does not count, as long as there is patience.
const tolerated = 0.2;
// How long a round waits for a first piece of work where an effort asks for some.
const mostPatienceMs = 60_000;

/**
 * Measures contenders in turn, A B A B, so that the machine's moods reach all of them, and answers the medians. Throws
 * when a contender gives wrong answers: its figures would be worth nothing.
 */
export async function compare(world: World, contenders: readonly Contender[]): Promise<Row[]> {
  const { effort } = world;
  const cluster = await world.cluster();
  const rounds = new Map(contenders.map((contender) => [contender, [] as Round[]]));
  for (const contender of effort.warmUpSeconds > 0 ? contenders : []) {
    world.say(`warming up ${contender.name}: ${contender.work}`);
    await measure(world, contender, cluster.pid, effort.warmUpSeconds);
  }
  // Statements that were planned for empty tables are planned again.
  await cluster.analyze();
  for (let number = 1; number <= effort.rounds; number++) {
    for (const contender of contenders) {
      const round = await measureInPeace(world, contender, cluster.pid);
      rounds.get(contender)?.push(round);
      world.say(
        `round ${number}/${effort.rounds} ${contender.name}: ${contender.work}: ` +
          `${Math.round(round.perSecond)}/s, p99 ${round.p99Ms.toFixed(1)} ms, ` +
          `CPU ${Math.round(round.serverUs ?? NaN)} + ${Math.round(round.databaseUs ?? NaN)} us`,
      );
    }
  }
  return contenders.map((contender) => summarise(contender, rounds.get(contender) ?? []));
}

/** Repeats a disturbed round twice at most and then takes the calmest. */
async function measureInPeace(world: World, contender: Contender, clusterPid: number): Promise<Round> {
  const tries: Round[] = [];
  do {
    tries.push(await measure(world, contender, clusterPid, world.effort.seconds));
  } while (tries.length < 3 && (tries.at(-1)?.strangers ?? 0) > tolerated && world.mayRepeat());
  const [calmest] = tries.sort((left, right) => left.strangers - right.strangers);
  if (calmest === undefined) throw new Error('no round was measured');
  return calmest;
}

/** Loads a contender once and answers what that gave. Throws when it gives wrong answers. */
export async function measure(world: World, contender: Contender, clusterPid: number, seconds: number): Promise<Round> {
  const [serverBefore, databaseBefore] = [serverCpu(contender), cpuOfTree(clusterPid)];
  const [machineBefore, ownBefore] = [machineCpu(), ownCpu()];
  const result = await press(world, contender, seconds);
  const [serverAfter, databaseAfter] = [serverCpu(contender), cpuOfTree(clusterPid)];
  const [machineAfter, ownAfter] = [machineCpu(), ownCpu()];
  // A flow or two may break off where a round ends.
  if (result.completed === 0 || result.failures > Math.max(2, result.completed * 0.01))
    throw new Error(
      `${contender.name} failed at ${contender.work}: ${result.failures} wrong answers beside ` +
        `${result.completed} right ones; ${result.firstFailure ?? ''}\n${contender.output().slice(-3000)}`,
    );
  const server = difference(serverBefore, serverAfter);
  const database = difference(databaseBefore, databaseAfter);
  const known = (database ?? 0) + (ownAfter - ownBefore);
  const busy = machineAfter.busy - machineBefore.busy;
  return {
    perSecond: result.completed / result.seconds,
    p50Ms: result.p50Ms,
    p99Ms: result.p99Ms,
    serverUs: server === undefined ? undefined : server / result.completed,
    databaseUs: database === undefined ? undefined : database / result.completed,
    failures: result.failures,
    strangers: Math.max(0, (busy - known) / Math.max(1, machineAfter.total - machineBefore.total)),
  };
}

/**
 * Loads a contender for some seconds, and on until enough is done where the effort says how much that is: longer at once
 * where a machine is so busy that nothing gets done in that time.
 */
async function press({ effort }: World, contender: Contender, seconds: number): Promise<LoadResult> {
  const start = performance.now();
  const parts: LoadResult[] = [];
  const done = (): number => parts.reduce((sum, { completed }) => sum + completed, 0);
  const failed = (): boolean => parts.some(({ failures }) => failures > 0);
  const isUnfinished = (): boolean => {
    const passed = performance.now() - start;
    if (done() > 0 || failed()) return done() < (effort.atLeast ?? 1) && passed < seconds * 4000;
    return effort.atLeast !== undefined && passed < mostPatienceMs;
  };
  let length = seconds;
  do {
    const connections = contender.connections ?? effort.connections;
    const withoutWrk = effort.withoutWrk === true;
    const part = await generateLoad(contender.plan(), { connections, seconds: length, withoutWrk });
    contender.onRound?.(part.refreshTokens ?? []);
    parts.push(part);
    if (part.completed === 0) length *= 2;
  } while (isUnfinished());
  const sum = (read: (part: LoadResult) => number): number => parts.reduce((total, part) => total + read(part), 0);
  const firstFailure = parts.find((part) => part.firstFailure !== undefined)?.firstFailure;
  return {
    completed: done(),
    seconds: sum((part) => part.seconds),
    p50Ms: median(parts.map(({ p50Ms }) => p50Ms)),
    p99Ms: median(parts.map(({ p99Ms }) => p99Ms)),
    failures: sum(({ failures }) => failures),
    ...(firstFailure !== undefined ? { firstFailure } : {}),
  };
}

function serverCpu({ pids }: Contender): number | undefined {
  const each = pids.map(cpuOf);
  return each.includes(undefined) ? undefined : each.reduce<number>((sum, one) => sum + (one ?? 0), 0);
}

/** Of the harness and all that it has started: servers that live, load generators that have ended. */
function ownCpu(): number {
  return cpuOfTree(process.pid) ?? 0;
}

function difference(before: number | undefined, after: number | undefined): number | undefined {
  return before === undefined || after === undefined ? undefined : after - before;
}

function summarise(contender: Contender, rounds: readonly Round[]): Row {
  const middle = (read: (round: Round) => number | undefined): number =>
    median(rounds.map(read).filter((figure) => figure !== undefined));
  const known = rounds.every(({ serverUs }) => serverUs !== undefined);
  return {
    contender: contender.name,
    work: contender.work,
    perSecond: middle(({ perSecond }) => perSecond),
    p50Ms: middle(({ p50Ms }) => p50Ms),
    p99Ms: middle(({ p99Ms }) => p99Ms),
    ...(known
      ? { serverUs: middle(({ serverUs }) => serverUs), databaseUs: middle(({ databaseUs }) => databaseUs) }
      : {}),
    memoryMb: memoryOf(contender.pids) / 2 ** 20,
    failures: rounds.reduce((sum, { failures }) => sum + failures, 0),
    rounds: rounds.length,
    strangers: Math.max(...rounds.map(({ strangers }) => strangers)),
  };
}
