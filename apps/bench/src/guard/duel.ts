import { type Contender, measure, type Round } from '../compare.js';
import { cpuOfTree, machineCpu } from '../machine/cpu.js';
import { measureDecisions } from '../policy/decisions.js';
import type { EngineKey } from '../policy/engines.js';
import type { World } from '../world.js';

/** What one round of both gave. */
export type DuelRound = {
  /** Microseconds of CPU for one piece of work, of ours and of theirs. */
  readonly ours: number;
  readonly theirs: number;
  /** Share of the machine that other programs used meanwhile. */
  readonly strangers: number;
};

/** The product and a peer that do the same work in turn. */
export type Duel = { play(): Promise<DuelRound> };

/** Two servers that are asked over the wire; they are warmed up first. */
export async function serverDuel(world: World, ours: Contender, theirs: Contender): Promise<Duel> {
  const { pid, analyze } = await world.cluster();
  const load = async (contender: Contender, seconds: number): Promise<Round> => measure(world, contender, pid, seconds);
  for (const contender of [ours, theirs]) {
    world.say(`warming up ${contender.name}: ${contender.work}`);
    await load(contender, world.effort.warmUpSeconds);
  }
  // Statements that were planned for empty tables are planned again.
  await analyze();
  return {
    async play() {
      const [one, other] = [await load(ours, world.effort.seconds), await load(theirs, world.effort.seconds)];
      return { ours: cpu(one), theirs: cpu(other), strangers: Math.max(one.strangers, other.strangers) };
    },
  };
}

/** Two engines that decide, each alone in a process: no server is started. */
export function engineDuel(world: World, ours: EngineKey, theirs: EngineKey, size: number): Duel {
  const decide = async (engine: EngineKey): Promise<number> => {
    const task = { engine, size, answers: 0, seconds: world.effort.seconds };
    return (await measureDecisions(task, world.pinning?.server)).us;
  };
  return {
    async play() {
      const [machineBefore, ownBefore] = [machineCpu(), ownCpu()];
      const [one, other] = [await decide(ours), await decide(theirs)];
      const machine = machineCpu();
      const busy = machine.busy - machineBefore.busy - (ownCpu() - ownBefore);
      const strangers = Math.max(0, busy / Math.max(1, machine.total - machineBefore.total));
      return { ours: one, theirs: other, strangers };
    },
  };
}

/** Of the harness and all that it has started, also of what has ended. */
function ownCpu(): number {
  return cpuOfTree(process.pid) ?? 0;
}

function cpu({ serverUs, databaseUs }: Round): number {
  return (serverUs ?? NaN) + (databaseUs ?? NaN);
}
