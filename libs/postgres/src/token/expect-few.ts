/**
 * A condition that holds for the number of every item of a batch, and makes the planner expect one item: it then finds the
 * rows of each by their key. For a hundred, which it expects otherwise, reading an empty table as a whole looks cheaper. The
 * partition of a new hour is empty when its first plan is made, and the plan is kept while the partition fills.
 */
export function expectFew(number: string): string {
  return `${number} BETWEEN 0 AND 1000000`;
}

/** The keys of a batch of look-ups, `$1` buckets and `$2` ids, as `k (bucket, id, n)`; `n` counts from 1. */
export const batchOfKeys = `
  (SELECT * FROM unnest($1::int[], $2::text[]) WITH ORDINALITY AS k(bucket, id, n) WHERE ${expectFew('k.n')}) AS k`;
