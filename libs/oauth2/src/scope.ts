import { OAuth2Error } from './errors.js';

const maxScopeBytes = 4 * 1024;
// scope-token of RFC 6749 section 3.3: NQCHAR, so no space, quote, backslash, control or non-ASCII character.
const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/**
 * Reads a scope parameter: tokens separated by spaces, each once, in their order. Absent or blank is the empty list.
 * Throws `invalid_scope` on anything outside the grammar or over 4 KiB.
 */
export function parseScope(text: string | undefined): readonly string[] {
  if (text === undefined) return [];
  if (text.length > maxScopeBytes) throw new OAuth2Error('invalid_scope', 'the scope is longer than 4 KiB');
  const scopes = new Set<string>();
  for (const scope of text.split(' ')) {
    if (scope === '') continue;
    if (!scopeToken.test(scope))
      throw new OAuth2Error('invalid_scope', 'a scope holds a character that is not allowed');
    scopes.add(scope);
  }
  return [...scopes];
}

/** Scopes as they travel: separated by single spaces. */
export function formatScope(scopes: readonly string[]): string {
  return scopes.join(' ');
}

/**
 * Whether scope `granted` covers scope `needed`: equal, or a prefix of it that ends at a dot. `hydra` covers
 * `hydra.keys.get`; `foo` does not cover `foobar`. A scope with an empty part matches nothing, not even itself.
 */
export function coversScope(granted: string, needed: string): boolean {
  if (hasEmptyPart(granted) || hasEmptyPart(needed)) return false;
  return granted === needed || needed.startsWith(`${granted}.`);
}

/** Whether each needed scope is covered by one of the granted ones. */
export function coversScopes(granted: readonly string[], needed: readonly string[]): boolean {
  return needed.every((scope) => granted.some((candidate) => coversScope(candidate, scope)));
}

/**
 * The scopes a request gets out of what may be granted: what it asks for, or all of `granted` when it asks for none.
 * Throws `invalid_scope` when it asks for more (RFC 6749 section 6).
 */
export function narrowScopes(granted: readonly string[], requested: readonly string[]): readonly string[] {
  if (requested.length === 0) return granted;
  if (!coversScopes(granted, requested)) {
    throw new OAuth2Error('invalid_scope', 'a requested scope may not be granted');
  }
  return requested;
}

/** Whether a refresh token may be issued: `offline` of the original or `offline_access` of OpenID Connect Core section 11. */
export function grantsOfflineAccess(scopes: readonly string[]): boolean {
  return scopes.includes('offline') || scopes.includes('offline_access');
}

function hasEmptyPart(scope: string): boolean {
  return scope === '' || scope.startsWith('.') || scope.endsWith('.') || scope.includes('..');
}
