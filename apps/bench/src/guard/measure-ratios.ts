import { median } from '../statistics.js';
import type { World } from '../world.js';
import type { Duel, DuelRound } from './duel.js';
import type { Try } from './guard.js';
import { type Match, matches } from './matches.js';
import { holds, type Ratios } from './recorded.js';

/**
 * Makes what measures ratios that keep still on a machine that is not ours alone: CPU per request of a peer's processes
 * by that of the product's, in turn. Of each the least of all rounds counts: what disturbs adds CPU time and never takes
 * any.
 *
 * A measurement starts what the wanted ratios need and nothing else, and a ratio that holds is not measured further, so
 * that a slow machine has little to do. Without wanted ratios all are measured in all rounds. What fails in a round has
 * the next ones; what fails in all of them is named with its cause.
 */
export function ratioMeter(world: World): (wanted?: Ratios) => Promise<Try> {
  const begun = new Map<Match, Duel>();
  const begin = async (match: Match): Promise<Duel> => {
    const duel = begun.get(match) ?? (await match.begin(world));
    begun.set(match, duel);
    return duel;
  };
  return (wanted) => measureRatios(world, begin, wanted);
}

async function measureRatios(
  { effort, say }: World,
  begin: (match: Match) => Promise<Duel>,
  wanted: Ratios | undefined,
): Promise<Try> {
  const rounds = new Map<Match, DuelRound[]>();
  const failures = new Map<Match, string>();
  let open = matches.filter(({ name }) => wanted === undefined || Object.hasOwn(wanted, name));
  for (let number = 1; number <= effort.rounds && open.length > 0; number++) {
    for (const match of open)
      try {
        const round = await (await begin(match)).play();
        rounds.set(match, [...(rounds.get(match) ?? []), round]);
        const [ours, theirs] = [round.ours, round.theirs].map((us) => us.toPrecision(3));
        say(`round ${number}/${effort.rounds} ${match.name}: ${theirs} / ${ours} us of CPU`);
      } catch (cause) {
        const text = cause instanceof Error ? cause.message : String(cause);
        failures.set(match, text);
        say(`round ${number}/${effort.rounds} ${match.name}: ${text}`);
      }
    open = open.filter((match) => !holds(wanted?.[match.name] ?? Infinity, ratioOf(rounds.get(match) ?? [])));
  }
  const ratios: Record<string, number> = {};
  const unmeasured: Record<string, string> = {};
  for (const match of new Set([...rounds.keys(), ...failures.keys()])) {
    const ratio = ratioOf(rounds.get(match) ?? []);
    if (ratio > 0 && ratio < Infinity) ratios[match.name] = Number(ratio.toPrecision(3));
    else unmeasured[match.name] = failures.get(match) ?? 'this machine tells no CPU time';
  }
  const strangers = [...rounds.values()].flat().map((round) => round.strangers);
  return { ratios, unmeasured, strangers: strangers.length === 0 ? 0 : median(strangers) };
}

/** NaN without rounds, and where the machine tells no CPU time. */
function ratioOf(rounds: readonly DuelRound[]): number {
  const least = (read: (round: DuelRound) => number): number => Math.min(...rounds.map(read));
  return least(({ theirs }) => theirs) / least(({ ours }) => ours);
}
