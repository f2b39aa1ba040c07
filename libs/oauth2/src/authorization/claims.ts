import { isObject, parseStrictObject, StrictJsonError } from '@castellan/jwk';
import { OAuth2Error } from '../errors.js';
import type { JsonObject } from '../grant.js';
import type { ParameterMap } from '../parameters.js';

/** What a request says of one claim (OpenID Connect Core section 5.5.1). */
export type ClaimRequest = { readonly essential: boolean; readonly values: readonly unknown[] };

/** Claims that a request asks for by name, by where they shall be. */
export type RequestedClaims = {
  readonly userinfo: ReadonlyMap<string, ClaimRequest>;
  readonly idToken: ReadonlyMap<string, ClaimRequest>;
};

const maxLength = 4 * 1024;
const maxClaims = 100;

/**
 * The `claims` parameter of a request (OpenID Connect Core section 5.5); members that are not understood are ignored.
 *
 * @throws OAuth2Error `invalid_request`
 */
export function checkClaims(parameters: ParameterMap): RequestedClaims {
  const text = parameters.get('claims');
  if (text === undefined) return { userinfo: new Map(), idToken: new Map() };
  if (text.length > maxLength) throw refusal(`is longer than ${maxLength} characters`);
  const claims = parse(text);
  return { userinfo: readMember(claims, 'userinfo'), idToken: readMember(claims, 'id_token') };
}

/**
 * Checks a decision against the claims that the request insists on: the subject, and an authentication context that is
 * essential (OpenID Connect Core sections 5.5.1 and 5.5.1.1). `subject` is the one that the client knows.
 *
 * @throws OAuth2Error `login_required`, `unmet_authentication_requirements`
 */
export function checkClaimsMet(
  requested: RequestedClaims,
  decision: { readonly subject: string; readonly idTokenExtra: JsonObject },
): void {
  for (const subject of [requested.idToken.get('sub'), requested.userinfo.get('sub')]) {
    if (subject === undefined || subject.values.length === 0 || subject.values.includes(decision.subject)) continue;
    throw new OAuth2Error('login_required', 'another subject than the requested one logged in');
  }
  const context = requested.idToken.get('acr');
  if (context?.essential !== true || context.values.length === 0) return;
  if (!context.values.includes(decision.idTokenExtra['acr']))
    throw new OAuth2Error('unmet_authentication_requirements');
}

function parse(text: string): JsonObject {
  try {
    return parseStrictObject(text);
  } catch (cause) {
    if (cause instanceof StrictJsonError) throw refusal(`is ${cause.message}`);
    throw cause;
  }
}

function readMember(claims: JsonObject, member: string): ReadonlyMap<string, ClaimRequest> {
  const requests = Object.hasOwn(claims, member) ? claims[member] : undefined;
  if (requests === undefined || requests === null) return new Map();
  if (!isObject(requests)) throw refusal(`must have an object as ${member}`);
  const entries = Object.entries(requests);
  if (entries.length > maxClaims) throw refusal(`asks for more than ${maxClaims} claims`);
  return new Map(entries.map(([name, request]) => [name, readRequest(request)]));
}

function readRequest(request: unknown): ClaimRequest {
  if (request === null) return { essential: false, values: [] };
  if (!isObject(request)) throw refusal('must have null or an object for each claim');
  const { essential = false, value, values } = request;
  if (typeof essential !== 'boolean') throw refusal('must have true or false as essential');
  if (values !== undefined && !Array.isArray(values)) throw refusal('must have a list as values');
  const listed = (values ?? []) as readonly unknown[];
  return { essential, values: value === undefined ? listed : [value, ...listed] };
}

function refusal(problem: string): OAuth2Error {
  return new OAuth2Error('invalid_request', `the claims parameter ${problem}`);
}
