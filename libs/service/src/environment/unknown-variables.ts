import type { Variables } from './program-variables.js';

/** What Kubernetes and Docker put into environments for each Service beside ours: `CASTELLAN_TOKEN_SERVICE_HOST`, ... */
const SERVICE_LINK = /_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?)$/;
const OWN_PREFIX = 'CASTELLAN_';
/** Ours, and read by some programs only, the command line and the build among them. */
const READ_ELSEWHERE = ['CASTELLAN_ENV', 'CASTELLAN_DATA', 'CASTELLAN_GIT_HASH', 'CASTELLAN_BUILD_TIME'];
const SHORTEST = 5;

/**
 * The known name that was probably meant: one letter off, two in long names, or another case. Undefined for a known
 * name, and for one that is like none.
 */
export function meantVariable(name: string, known: Iterable<string>): string | undefined {
  const names = new Set(known);
  if (names.has(name) || name.length < SHORTEST) return undefined;
  const upper = name.toUpperCase();
  const allowed = name.length < 8 ? 1 : 2;
  return [...names].find((other) => other.length >= SHORTEST && distance(upper, other, allowed) <= allowed);
}

/**
 * One sentence for each name that is set, that `variables` do not know, and that was probably meant for us: it begins
 * like ours, or is nearly one of ours. `elsewhere` are names of other programs of the product, and names that the
 * operator says are somebody else's.
 */
export function unknownVariables(
  env: NodeJS.ProcessEnv,
  variables: Variables,
  elsewhere: Iterable<string> = [],
): readonly string[] {
  const foreign = new Set([...READ_ELSEWHERE, ...elsewhere]);
  for (const name of (env['CASTELLAN_FOREIGN_VARIABLES'] ?? '').split(',')) foreign.add(name.trim());
  return Object.keys(env)
    .filter((name) => env[name] !== '' && !(name in variables) && !foreign.has(name) && !SERVICE_LINK.test(name))
    .flatMap((name) => {
      const meant = meantVariable(name, Object.keys(variables));
      if (meant !== undefined) return [`${name}: is not known; did you mean ${meant}?`];
      return name.startsWith(OWN_PREFIX) ? [`${name}: is not known`] : [];
    });
}

/** Letters to add, drop or change to make one word of the other, two neighbours swapped counting as one; `limit` + 1 is far. */
function distance(one: string, other: string, limit: number): number {
  if (Math.abs(one.length - other.length) > limit) return limit + 1;
  let before: readonly number[] = [];
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let index = 0; index < one.length; index++) {
    const next = [index + 1];
    for (let column = 0; column < other.length; column++) {
      const changed = (row[column] ?? 0) + (one[index] === other[column] ? 0 : 1);
      const swapped =
        index > 0 && column > 0 && one[index] === other[column - 1] && one[index - 1] === other[column]
          ? (before[column - 1] ?? 0) + 1
          : Infinity;
      next.push(Math.min(changed, swapped, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    before = row;
    row = next;
  }
  return row.at(-1) ?? 0;
}
