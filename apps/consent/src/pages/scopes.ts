import { readFileSync } from 'node:fs';
import type { User } from '../connectors/connector.js';
import { displayText } from './display-text.js';
import type { Translator } from './language.js';

/** Something that a client asks for, in words that a person understands. */
export type Permission = {
  /** What the form sends back. */
  readonly value: string;
  readonly title: string;
  readonly text: string;
  readonly icon: string;
  /** Whether the words are ours; others are the client's own. */
  readonly known: boolean;
};

/** Icons of scopes, by scope; their words stand in the translations. */
export type ScopeIcons = Readonly<Record<string, string>>;

/** Reads `scopes.json`. */
export function loadScopeIcons(): ScopeIcons {
  return JSON.parse(readFileSync(new URL('../../scopes.json', import.meta.url), 'utf8')) as ScopeIcons;
}

/** Describes a requested scope; an unknown one is shown by its own name. */
export function describeScope(scope: string, icons: ScopeIcons, { has, t }: Translator): Permission {
  const icon = Object.hasOwn(icons, scope) ? (icons[scope] ?? 'key') : 'key';
  const known = has(`scope.${scope}.title`);
  return {
    value: scope,
    title: known ? t(`scope.${scope}.title`) : displayText(scope, 120),
    text: known ? t(`scope.${scope}.text`) : t('scope.unknown.text'),
    icon,
    known,
  };
}

/** Describes a claim that is asked for by itself (OpenID Connect Core section 5.5). */
export function describeClaim(claim: string, { has, t }: Translator): Permission {
  const known = has(`claim.${claim}`);
  const title = known ? t(`claim.${claim}`) : displayText(claim, 120);
  return { value: claim, title, text: '', icon: 'card', known };
}

const CLAIMS: Readonly<Record<string, readonly (readonly [claim: string, read: (user: User) => string | boolean])[]>> =
  {
    profile: [
      ['name', (user) => user.name],
      ['nickname', (user) => user.nickname],
    ],
    email: [
      ['email', (user) => user.email],
      ['email_verified', (user) => user.emailVerified],
    ],
  };

/** The claims about a user that the granted scopes open (OpenID Connect Core section 5.4), and those granted by name. */
export function claimsOf(
  user: User,
  grantedScopes: readonly string[],
  grantedClaims: readonly string[] = [],
): Record<string, string | boolean> {
  const open = Object.entries(CLAIMS).flatMap(([scope, claims]) =>
    claims.filter(([claim]) => grantedScopes.includes(scope) || grantedClaims.includes(claim)),
  );
  return Object.fromEntries(open.map(([claim, read]) => [claim, read(user)]));
}

/** The claims that this app knows of its users. */
export const KNOWN_CLAIMS: readonly string[] = Object.values(CLAIMS)
  .flat()
  .map(([claim]) => claim);
