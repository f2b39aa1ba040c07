import { isJsonObject, type JsonObject, ownMember } from '../json.js';
import type { ConditionDefinition } from '../policy.js';
import type { Condition, Evaluation } from './condition.js';
import { compileCondition } from './table.js';

/** A condition and the member of the context that it looks at. */
export type NamedCondition = { readonly name: string; readonly condition: Pick<Condition, 'isFulfilled'> };

/** Compiles the conditions of a stored policy; undefined when one of them cannot be evaluated. Never throws. */
export function compileConditions(conditions: unknown): readonly NamedCondition[] | undefined {
  if (!isJsonObject(conditions)) return undefined;
  const compiled = Object.entries(conditions).map(([name, definition]) => compileNamed(name, definition));
  return compiled.every((named) => named !== undefined) ? compiled : undefined;
}

function compileNamed(name: string, definition: unknown): NamedCondition | undefined {
  const condition = isDefinition(definition) ? tryCompile(definition) : undefined;
  return condition === undefined ? undefined : { name, condition };
}

/** The first condition that is not fulfilled. A member that the context lacks is asked as undefined, which none accepts. */
export function findUnfulfilled(
  conditions: readonly NamedCondition[],
  context: JsonObject,
  evaluation: Evaluation,
): NamedCondition | undefined {
  for (const named of conditions) {
    if (!named.condition.isFulfilled(ownMember(context, named.name), evaluation)) return named;
  }
  return undefined;
}

function isDefinition(value: unknown): value is ConditionDefinition {
  return (
    isJsonObject(value) && typeof ownMember(value, 'type') === 'string' && isJsonObject(ownMember(value, 'options'))
  );
}

function tryCompile({ type, options }: ConditionDefinition): Condition | undefined {
  try {
    return compileCondition(type, options);
  } catch {
    // Whatever the reason: the policy is invalid, and denies what it might concern.
    return undefined;
  }
}
