import { wardenV1, type CallOptions, type RpcClient } from '@castellan/rpc';
import { HttpError } from '@castellan/service';

import type { PresentedToken } from './bearer-token.js';
import type { ResourceNames } from './resource-name.js';
import type { AccessFacts, AccessQuestion, AdminCall } from './access-questions.js';
import type { AdminRoute } from './admin-route.js';

const { DenialReason } = wardenV1;

/** What a request was allowed to do. */
export type AccessGrant = {
  /** Subject of the token that was shown; empty for nobody. */
  readonly caller: string;
  /** Nobody: the request showed no valid token, and a policy allows the anonymous subject. */
  readonly anonymous: boolean;
  /** Resource names of keys that the questions were about; the caller may see these and no other. */
  readonly keyNames: readonly string[];
};

export type AccessControl = {
  readonly warden: Pick<RpcClient<typeof wardenV1.WardenService>, 'check' | 'checkToken'>;
  readonly names: ResourceNames;
  readonly facts: AccessFacts;
};

/**
 * Asks the Warden everything that a route demands, one question after the other.
 * @returns what was allowed; throws `HttpError` 400, 401 or 403, and lets an outage of the Warden through
 */
export async function authorize(
  access: AccessControl,
  route: AdminRoute,
  call: AdminCall,
  presented: PresentedToken,
  options: CallOptions,
): Promise<AccessGrant> {
  if (presented.kind === 'ambiguous') {
    throw new HttpError(400, 'The request shows more than one access token');
  }
  const mayBeAnonymous = route.anonymous?.(call) ?? false;
  if (presented.kind !== 'token' && !mayBeAnonymous) {
    throw unauthorized(presented);
  }
  refuseUnusableParts(call.params);
  if (presented.kind !== 'token') {
    return authorizeAnonymous(access, route, call, presented, options);
  }
  const questions = route.resource(access.names, call, access.facts);
  let allowed = 0;
  let caller = '';
  let next = await questions.next();
  for (; next.done !== true; next = await questions.next()) {
    const decision = await access.warden.checkToken(
      { ...askedBy(route, next.value), token: presented.token, scopes: [route.scope], forIssuer: true },
      options,
    );
    if (next.value.tokenOnly === true && !isAboutToken(decision)) {
      continue;
    }
    if (!decision.allowed && mayBeAnonymous && decision.reason === DenialReason.DENIAL_REASON_TOKEN_INACTIVE) {
      return authorizeAnonymous(access, route, call, presented, options);
    }
    if (!decision.allowed) {
      throw denied(decision.reason, route, presented);
    }
    allowed += 1;
    caller = decision.token?.subject ?? '';
  }
  return grant(allowed, { caller, anonymous: false, keyNames: next.value ?? [] });
}

async function authorizeAnonymous(
  access: AccessControl,
  route: AdminRoute,
  call: AdminCall,
  presented: PresentedToken,
  options: CallOptions,
): Promise<AccessGrant> {
  const questions = route.resource(access.names, call, access.facts);
  let allowed = 0;
  let next = await questions.next();
  for (; next.done !== true; next = await questions.next()) {
    const request = { ...askedBy(route, next.value), subject: '', anonymous: true };
    if (!(await access.warden.check(request, options)).allowed) {
      throw unauthorized(presented);
    }
    allowed += 1;
  }
  return grant(allowed, { caller: '', anonymous: true, keyNames: next.value ?? [] });
}

/** A route about which no policy was asked has decided nothing. */
function grant(allowed: number, granted: AccessGrant): AccessGrant {
  if (allowed === 0) {
    throw new HttpError(403, NOT_ALLOWED);
  }
  return granted;
}

/** Whether a decision was made by the token alone: it is not valid, or lacks the scope. */
function isAboutToken({ allowed, reason }: wardenV1.CheckTokenResponse): boolean {
  const reasons = [DenialReason.DENIAL_REASON_TOKEN_INACTIVE, DenialReason.DENIAL_REASON_SCOPE];
  return !allowed && reasons.includes(reason);
}

function askedBy(route: AdminRoute, { resource, owner }: AccessQuestion) {
  return { resource, action: route.action, context: owner !== undefined ? { owner } : undefined };
}

const NOT_ALLOWED = 'The request is not allowed';

function denied(reason: wardenV1.DenialReason, route: AdminRoute, presented: PresentedToken): HttpError {
  switch (reason) {
    case DenialReason.DENIAL_REASON_TOKEN_INACTIVE:
      return unauthorized(presented);
    case DenialReason.DENIAL_REASON_SCOPE:
      return new HttpError(403, 'The token was not granted the required scope', {
        headers: { 'www-authenticate': `Bearer error="insufficient_scope", scope="${route.scope}"` },
      });
    default:
      return new HttpError(403, NOT_ALLOWED);
  }
}

/** RFC 6750 section 3.1: the error is named only to a caller who showed a token. */
export function unauthorized(presented: PresentedToken): HttpError {
  return new HttpError(401, 'The request could not be authorized', {
    headers: { 'www-authenticate': presented.kind === 'none' ? 'Bearer' : 'Bearer error="invalid_token"' },
  });
}

/** An ID in a path: something, not long, without controls (which PostgreSQL and logs would stumble over). */
const USABLE_PART = /^[^\p{Cc}\p{Surrogate}]{1,255}$/u;

function refuseUnusableParts(params: Readonly<Record<string, string>>): void {
  if (!Object.values(params).every((part) => USABLE_PART.test(part))) {
    throw new HttpError(400, 'The path holds an ID that cannot be one');
  }
}
