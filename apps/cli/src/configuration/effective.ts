import { isSecretVariable, unknownVariables } from '@castellan/service';
import { everyVariable, programVariables, type ProgramName } from './variables.js';

/** A variable that is set, as it may be shown. */
export type ShownVariable = { readonly name: string; readonly shown: string };

/** What is wrong with an environment; no value is named. */
export type Finding = { readonly kind: 'error' | 'suspicion'; readonly text: string };

export function isProgramName(name: string): name is ProgramName {
  return Object.hasOwn(programVariables, name);
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
  const suspicions = unknownVariables(env, variables, everyVariable).map((text): Finding => ({
    kind: 'suspicion',
    text,
  }));
  return [...errors, ...suspicions];
}
