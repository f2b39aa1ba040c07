import { better, type Drop, findDrops, type Ratios, writeDrops } from './recorded.js';
import { UnmeasuredError } from './unmeasured-error.js';

/** What one measurement gave. */
export type Try = {
  readonly ratios: Ratios;
  /** Of wanted ratios that this machine gave no figures for, why. */
  readonly unmeasured?: { readonly [name: string]: string };
  /** Share of the machine that other programs used meanwhile. */
  readonly strangers: number;
};

/** How a guard run ended: no drop, a drop in two tries, or no figures that count. */
export type Verdict =
  | { readonly kind: 'held'; readonly ratios: Ratios }
  | { readonly kind: 'dropped'; readonly drops: readonly Drop[] }
  | { readonly kind: 'unmeasured'; readonly cause: string };

// Beyond that, caches and cores belong to others, and a drop says more about them than about the product.
const calm = 0.2;
// What no neighbour explains: CPU time per piece of work grows by a factor of two or three beside others.
const inexplicable = 5;
const mostTries = 4;

/**
 * Measures ratios and holds them against the recorded ones; those that have dropped are measured again, and the best of
 * all tries counts. A drop counts when other programs left the machine alone in two tries, or when in two tries it is
 * larger than their doing; a machine that is not calm gets two tries more. What gives no figures has not dropped; `measure`
 * rejects with UnmeasuredError where there is no time for more.
 */
export async function guard(
  recorded: Ratios,
  measure: (wanted: Ratios) => Promise<Try>,
  say: (line: string) => void,
): Promise<Verdict> {
  const strangers: number[] = [];
  let best: Ratios = {};
  let wanted = recorded;
  let cause = '';
  try {
    while (strangers.length < mostTries) {
      const { ratios, unmeasured = {}, strangers: share } = await measure(wanted);
      strangers.push(share);
      best = better(best, ratios);
      const missing = Object.keys(unmeasured).filter((name) => best[name] === undefined);
      const drops = findDrops(without(recorded, missing), best);
      if (drops.length + missing.length === 0) return { kind: 'held', ratios: best };
      const counted = countingDrops(drops, strangers);
      if (counted.length > 0) return { kind: 'dropped', drops: counted };
      if (drops.length > 0) say(`try ${strangers.length}: ${writeDrops(drops).trimEnd().replaceAll('\n', '; ')}`);
      const held = Object.keys(recorded).filter((name) => !drops.some((drop) => drop.name === name));
      wanted = without(
        recorded,
        held.filter((name) => !missing.includes(name)),
      );
      cause = missing.map((name) => `${name}: ${unmeasured[name] ?? ''}`)[0] ?? othersUsed(strangers);
    }
  } catch (problem) {
    if (!(problem instanceof UnmeasuredError)) throw problem;
    cause = problem.message;
  }
  return { kind: 'unmeasured', cause };
}

/** Of drops that every try saw, those that count: all after two calm tries, what nobody else explains after any two. */
function countingDrops(drops: readonly Drop[], strangers: readonly number[]): readonly Drop[] {
  if (strangers.filter((share) => share <= calm).length >= 2) return drops;
  return strangers.length < 2 ? [] : drops.filter(({ recorded, now }) => now * inexplicable < recorded);
}

function othersUsed(strangers: readonly number[]): string {
  return `other programs used ${Math.round(Math.max(...strangers) * 100)} % of this machine`;
}

function without(ratios: Ratios, names: readonly string[]): Ratios {
  return Object.fromEntries(Object.entries(ratios).filter(([name]) => !names.includes(name)));
}
