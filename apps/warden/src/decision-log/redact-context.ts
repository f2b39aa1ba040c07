import { isJsonObject, type JsonObject } from '@castellan/policy';
import { redactFields, scrubText } from '@castellan/service';

/** Which members of a context are recorded: those that are shown and not hidden. */
export type ContextRules = {
  /** `all`, or names. */
  readonly shown: 'all' | ReadonlySet<string>;
  readonly hidden: ReadonlySet<string>;
};

/**
 * The part of a context that may be recorded, and the names of members that are left out or changed. Whatever the rules
 * say, tokens and what is named like a secret are taken out, at any depth.
 */
export function redactContext(
  context: JsonObject,
  rules: ContextRules,
): { readonly context: JsonObject; readonly redacted: readonly string[] } {
  const names = Object.keys(context);
  // A name may be a secret itself.
  const isShown = (name: string): boolean => rules.shown === 'all' || rules.shown.has(name);
  const kept = names.filter((name) => isShown(name) && !rules.hidden.has(name) && scrubText(name) === name);
  const members = Object.fromEntries(kept.map((name) => [name, context[name]]));
  const scrubbed: unknown = redactFields(members);
  const recorded = isJsonObject(scrubbed) ? scrubbed : {};
  const changed = kept.filter((name) => JSON.stringify(recorded[name]) !== JSON.stringify(context[name]));
  return { context: recorded, redacted: [...names.filter((name) => !kept.includes(name)), ...changed].map(scrubText) };
}
