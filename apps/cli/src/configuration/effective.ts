import { programVariables, type ProgramName } from './variables.js';

/** A variable that is set, as it may be shown. */
export type ShownVariable = { readonly name: string; readonly shown: string };

/** What is wrong with an environment; no value is named. */
export type Finding = { readonly kind: 'error' | 'suspicion'; readonly text: string };

export function isProgramName(name: string): name is ProgramName {
  return Object.hasOwn(programVariables, name);
}

/** Whether a variable holds what may never be shown: a secret, credentials, a key, a URL with a password. */
export function isSecretVariable(name: string): boolean {
  return /(?:SECRET|PASSWORD|CLIENT_CREDENTIALS|DATABASE_URL|REDIS_URL|TLS_KEY)$/.test(name);
}

/** The variables of a program that are set, in the order of their names. */
export function setVariables(program: ProgramName, env: NodeJS.ProcessEnv): readonly ShownVariable[] {
  return Object.keys(programVariables[program])
    .filter((name) => env[name] !== undefined && env[name] !== '')
    .sort()
    .map((name) => ({ name, shown: isSecretVariable(name) ? '[redacted]' : (env[name] ?? '') }));
}

/** Holds each variable against its schema, and each other name against the known ones: one or two letters off is a slip. */
export function checkVariables(program: ProgramName, env: NodeJS.ProcessEnv): readonly Finding[] {
  const variables = programVariables[program];
  const errors = Object.entries(variables).flatMap(([name, schema]): Finding[] => {
    const value = env[name] === '' ? undefined : env[name];
    const result = schema.safeParse(value);
    if (result.success) return [];
    const reason = value === undefined ? 'is required' : (result.error.issues[0]?.message ?? 'cannot be used');
    return [{ kind: 'error', text: `${name}: ${reason}` }];
  });
  const everything = new Set(Object.values(programVariables).flatMap((known) => Object.keys(known)));
  const suspicions = Object.keys(env)
    .filter((name) => env[name] !== '' && name.length >= 5 && !everything.has(name))
    .flatMap((name): Finding[] => {
      const meant = Object.keys(variables).find((known) => known.length >= 5 && distance(name, known) <= 2);
      return meant === undefined ? [] : [{ kind: 'suspicion', text: `${name}: is not known; did you mean ${meant}?` }];
    });
  return [...errors, ...suspicions];
}

/** Letters to add, drop or change to make one word of the other, two neighbours swapped counting as two. */
function distance(one: string, other: string): number {
  if (Math.abs(one.length - other.length) > 2) return 3;
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [index, letter] of [...one].entries()) {
    const next = [index + 1];
    for (const [column, against] of [...other].entries()) {
      const changed = (row[column] ?? 0) + (letter === against ? 0 : 1);
      next.push(Math.min(changed, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
