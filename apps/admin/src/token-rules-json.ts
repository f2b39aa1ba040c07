import type { tokenV1 } from '@castellan/rpc';
import { durationSchema as duration } from '@castellan/service';
import { z } from 'zod';

import { type JsonMember, listSchema as list, textSchema as text } from './json.js';

/** Members of a client's body about its tokens. Lifetimes are durations as Go writes them, by the names that Hydra uses. */
export const tokenRuleMembers = {
  access_token_format: text,
  audience: list,
  lifespans: z.record(z.string(), duration).nullish(),
};

type TokenRulesBody = z.infer<z.ZodObject<typeof tokenRuleMembers>>;

/** Reads the members out of a body. */
export function tokenRulesFromBody(body: TokenRulesBody): tokenV1.TokenRules {
  return {
    accessTokenFormat: body.access_token_format ?? '',
    lifespansMs: new Map(Object.entries(body.lifespans ?? {})),
    audience: body.audience ?? [],
  };
}

/** Writes the members that are set. */
export function tokenRuleEntries(rules: tokenV1.TokenRules | undefined): readonly JsonMember[] {
  const lifespans = [...(rules?.lifespansMs ?? [])].map(([name, ms]) => [name, `${ms / 1000}s`]);
  return [
    [
      'access_token_format',
      rules !== undefined && rules.accessTokenFormat !== '' ? JSON.stringify(rules.accessTokenFormat) : undefined,
    ],
    ['audience', rules !== undefined && rules.audience.length > 0 ? JSON.stringify(rules.audience) : undefined],
    ['lifespans', lifespans.length > 0 ? JSON.stringify(Object.fromEntries(lifespans)) : undefined],
  ];
}
