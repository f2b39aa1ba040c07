import type { JsonObject, JsonValue } from '../json.js';

/** The options of a condition may not be stored. */
export class ConditionError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'ConditionError';
  }
}

/** What is being decided: one subject (or one group standing for it) and the resource. */
export type Evaluation = { readonly subject: string; readonly resource: string };

/** A condition with its options. `value` is the context's member of the condition's name; undefined when absent. */
export type Condition = {
  /** The options as understood; what is stored. */
  readonly options: JsonObject;
  isFulfilled(value: JsonValue | undefined, evaluation: Evaluation): boolean;
};

/** Reads the options of one condition type. Throws ConditionError, or TemplateError for a bad expression. */
export type ConditionType = (options: JsonObject) => Condition;
