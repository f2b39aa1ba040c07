import { envoyAuthV3, envoyCoreV3, EnvoyStatusCode, wardenV1 } from '@castellan/rpc';
import { misleadingHeaders, nameOfHttpRequest } from './envoy-path.js';

const { DenialReason } = wardenV1;

/** What is asked about a request that came to a proxy. */
export type EnvoyCheck = Pick<
  wardenV1.CheckTokenRequest,
  'token' | 'scopes' | 'audience' | 'resource' | 'action' | 'context'
>;

/** Why a request is denied: it shows no token, its path has no one name, or the Warden decided so. */
export type EnvoyDenial =
  | { readonly kind: 'no_token' | 'ambiguous_path' }
  | { readonly kind: 'decision'; readonly reason: wardenV1.DenialReason; readonly scopes: readonly string[] };

/** Headers that tell the upstream who asks. A request that brings them itself has them overwritten. */
const subjectHeader = 'x-castellan-subject';
const clientHeader = 'x-castellan-client-id';
const scopesHeader = 'x-castellan-scopes';

/**
 * Reads what Envoy says of a request. A route may name `resource`, `action`, `scopes` (separated by blanks) and the `audience` that the token must be for in its
 * `context_extensions`; without them the resource is `http:<host>:<path>` and the action the method in small letters.
 * The path has one name however it is spelt, or is refused (`envoy-path.ts`). Conditions find `ip` (of the peer that Envoy sees, never of a header), `host`, `method` and `path` in the context.
 */
export function readEnvoyRequest(
  attributes: envoyAuthV3.CheckRequest['attributes'],
): { readonly check: EnvoyCheck } | { readonly denial: EnvoyDenial } {
  const http = attributes?.request?.http;
  const token = bearerTokenOf(http?.headers.get('authorization'));
  if (http === undefined || token === undefined) return { denial: { kind: 'no_token' } };
  const written = http.path.split(/[?#]/, 1)[0] ?? '';
  const extensions = attributes?.contextExtensions ?? new Map<string, string>();
  const named = extensions.get('resource');
  const audience = extensions.get('audience');
  const name = nameOfHttpRequest(http.host, written);
  if (named === undefined && name === undefined) return { denial: { kind: 'ambiguous_path' } };
  const { host, path } = name ?? { host: http.host.toLowerCase(), path: written };
  const ip = attributes?.source?.address?.socketAddress?.address;
  return {
    check: {
      token,
      scopes: (extensions.get('scopes') ?? '').split(' ').filter((scope) => scope !== ''),
      ...(audience !== undefined ? { audience } : {}),
      resource: named ?? `http:${host}:${path}`,
      action: extensions.get('action') ?? http.method.toLowerCase(),
      context: { ...(ip !== undefined ? { ip } : {}), host, method: http.method, path },
    },
  };
}

/**
 * Lets the request pass, with what its token says in headers, and without those of its own (of these names) that would
 * mislead the upstream.
 */
export function allow(
  { subject, clientId, scopes }: wardenV1.TokenFacts,
  requestHeaders: Iterable<string> = [],
): envoyAuthV3.CheckResponse {
  const facts: [string, string][] = [
    [subjectHeader, subject],
    [clientHeader, clientId],
    [scopesHeader, scopes.join(' ')],
  ];
  // A name that is no header value is not passed on, nor is one of the request's own in its place.
  const usable = facts.filter(([, value]) => /^[\x20-\x7e]+$/.test(value));
  const absent = facts.filter((fact) => !usable.includes(fact)).map(([name]) => name);
  const misleading = misleadingHeaders(
    requestHeaders,
    facts.map(([name]) => name),
  );
  return {
    status: { code: 0, message: '' },
    okResponse: {
      headers: usable.map(([name, value]) => header(name, value)),
      headersToRemove: [...absent, ...misleading],
    },
  };
}

/** Refuses the request in the words of RFC 6750. */
export function deny(denial: EnvoyDenial): envoyAuthV3.CheckResponse {
  const { status, code, challenge } = refusalOf(denial);
  return {
    status: { code, message: '' },
    deniedResponse: {
      status: { code: status },
      headers: challenge !== undefined ? [header('www-authenticate', challenge)] : [],
      body: '',
    },
  };
}

// Codes of google.rpc.Code.
const invalidArgument = 3;
const permissionDenied = 7;
const unauthenticated = 16;

type Refusal = { readonly status: EnvoyStatusCode; readonly code: number; readonly challenge?: string };

function refusalOf(denial: EnvoyDenial): Refusal {
  if (denial.kind !== 'decision') {
    return denial.kind === 'no_token'
      ? { status: EnvoyStatusCode.Unauthorized, code: unauthenticated, challenge: 'Bearer' }
      : { status: EnvoyStatusCode.BadRequest, code: invalidArgument };
  }
  if (denial.reason === DenialReason.DENIAL_REASON_TOKEN_INACTIVE) {
    return { status: EnvoyStatusCode.Unauthorized, code: unauthenticated, challenge: 'Bearer error="invalid_token"' };
  }
  const refusal = { status: EnvoyStatusCode.Forbidden, code: permissionDenied };
  if (denial.reason !== DenialReason.DENIAL_REASON_SCOPE) return refusal;
  return { ...refusal, challenge: `Bearer error="insufficient_scope", scope="${denial.scopes.join(' ')}"` };
}

function header(key: string, value: string): envoyCoreV3.HeaderValueOption {
  // Never appended: the upstream must not read what the request claims of itself.
  const appendAction = envoyCoreV3.HeaderValueOption_HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD;
  return { header: { key, value }, appendAction };
}

function bearerTokenOf(authorization: string | undefined): string | undefined {
  return /^Bearer +([A-Za-z0-9\-._~+/]+=*)$/i.exec(authorization ?? '')?.[1];
}
