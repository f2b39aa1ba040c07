import { namedAudience, readResources } from '../token/resource.js';
import type { ParameterMap } from '../parameters.js';
import { checkClaims } from './claims.js';
import { checkCodeChallenge } from './code-challenge.js';
import { checkMaxAge } from './max-age.js';
import { checkNonce } from './nonce.js';
import { checkPrompt } from './prompt.js';
import type { RequestRules } from './request-rules.js';
import { refuseRequestObject } from './request-object.js';
import { checkResponseMode } from './response-mode.js';
import { checkResponseType } from './response-type.js';
import { checkScopes } from './scope.js';
import { checkState } from './state.js';

/**
 * The rules in the order in which they are asked. `prompt` is last because `prompt=none` is answered only to a request
 * that is valid otherwise.
 */
const checks = {
  state: checkState,
  requestObject: refuseRequestObject,
  responseType: checkResponseType,
  responseMode: checkResponseMode,
  scopes: checkScopes,
  resources: (parameters: ParameterMap, { client }: RequestRules) => readResources(parameters, client),
  namedAudience,
  codeChallenge: checkCodeChallenge,
  nonce: checkNonce,
  claims: checkClaims,
  maxAge: checkMaxAge,
  prompt: checkPrompt,
} as const satisfies { readonly [name: string]: (parameters: ParameterMap, rules: RequestRules) => unknown };

/** What an authorization request asks for, every parameter valid; client and redirect URI are judged before. */
export type ValidRequest = { readonly [name in keyof typeof checks]: ReturnType<(typeof checks)[name]> };

/**
 * Checks the parameters of an authorization request whose redirect URI may be trusted.
 *
 * @throws OAuth2Error with the first rule that is broken; it goes to the client
 */
export function checkRequest(parameters: ParameterMap, rules: RequestRules): ValidRequest {
  const found = Object.entries(checks).map(([name, check]) => [name, check(parameters, rules)]);
  return Object.fromEntries(found) as ValidRequest;
}
