import type { JsonObject } from '../json.js';
import { booleanCondition } from './boolean.js';
import { cidrCondition } from './cidr.js';
import { type Condition, ConditionError, type ConditionType } from './condition.js';
import { equalsSubjectCondition } from './equals-subject.js';
import { resourceContainsCondition } from './resource-contains.js';
import { stringEqualCondition } from './string-equal.js';
import { stringMatchCondition } from './string-match.js';
import { stringPairsEqualCondition } from './string-pairs-equal.js';

/** Every condition type by its name on the wire; the names are ladon's. */
const conditionTypes: ReadonlyMap<string, ConditionType> = new Map([
  ['CIDRCondition', cidrCondition],
  ['StringEqualCondition', stringEqualCondition],
  ['StringMatchCondition', stringMatchCondition],
  ['EqualsSubjectCondition', equalsSubjectCondition],
  ['StringPairsEqualCondition', stringPairsEqualCondition],
  ['ResourceContainsCondition', resourceContainsCondition],
  ['BooleanCondition', booleanCondition],
]);

/** Compiles a condition. Throws ConditionError for an unknown type or bad options, TemplateError for a bad expression. */
export function compileCondition(type: string, options: JsonObject): Condition {
  const conditionType = conditionTypes.get(type);
  if (conditionType === undefined) throw new ConditionError(`Could not find condition type ${type.slice(0, 64)}`);
  return conditionType(options);
}
