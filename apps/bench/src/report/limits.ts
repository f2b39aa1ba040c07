import { isReached, type Ratio } from '../scenario.js';

/** What is known about a target that may be missed: what limits it, by profile, and what was tried. */
type Limit = { readonly ratios: RegExp; readonly limit: string };

const limits: readonly Limit[] = [];

/** A paragraph for every kind of target that was missed and about which something is known. */
export function writeLimits(bound: readonly Ratio[]): string {
  const missed = bound.filter((ratio) => isReached(ratio) === false);
  return limits
    .filter(({ ratios }) => missed.some(({ name }) => ratios.test(name)))
    .map(({ limit }) => `- ${limit}`)
    .join('\n');
}
