import { better, type Drop, findDrops, type Ratios } from './recorded.js';
import { UnmeasuredError } from './unmeasured-error.js';

/** What one measurement gave. */
export type Try = {
  readonly ratios: Ratios;
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

/**
 * Measures ratios and holds them against the recorded ones; where one has dropped it measures once more, and the better
 * of both counts. A drop counts only when other programs left the machine alone in both. `measure` rejects with
 * UnmeasuredError where the machine gives no figures: that is no drop.
 */
export async function guard(
  recorded: Ratios,
  measure: () => Promise<Try>,
  say: (line: string) => void,
): Promise<Verdict> {
  try {
    const first = await measure();
    if (findDrops(recorded, first.ratios).length === 0) return { kind: 'held', ratios: first.ratios };
    say('some ratios dropped: a second try');
    const second = await measure();
    const best = better(first.ratios, second.ratios);
    const drops = findDrops(recorded, best);
    if (drops.length === 0) return { kind: 'held', ratios: best };
    const strangers = Math.max(first.strangers, second.strangers);
    if (strangers <= calm) return { kind: 'dropped', drops };
    return { kind: 'unmeasured', cause: `other programs used ${Math.round(strangers * 100)} % of this machine` };
  } catch (cause) {
    if (cause instanceof UnmeasuredError) return { kind: 'unmeasured', cause: cause.message };
    throw cause;
  }
}
