import type { User } from './connector.js';

/** A scope in words that a person understands. */
export type ScopeText = {
  readonly scope: string;
  readonly title: string;
  readonly text: string;
  readonly known: boolean;
};

const KNOWN: Readonly<Record<string, { title: string; text: string }>> = {
  openid: { title: 'Know who you are', text: 'Sign you in with an identifier that is yours alone.' },
  offline: { title: 'Stay connected', text: 'Keep access while you are away, until you take it back.' },
  offline_access: { title: 'Stay connected', text: 'Keep access while you are away, until you take it back.' },
  profile: { title: 'Read your profile', text: 'Your name and your nickname.' },
  email: { title: 'Read your email address', text: 'Your email address, and whether it is confirmed.' },
  hydra: {
    title: 'Administer the authorization server',
    text: 'Everything an administrator may do, as far as policies let you.',
  },
  'hydra.clients': { title: 'Manage applications', text: 'Create, read, change and delete registered clients.' },
  'hydra.policies': { title: 'Manage policies', text: 'Create, read, change and delete access policies.' },
  'hydra.keys': { title: 'Manage keys', text: 'Create, read, change and delete key sets.' },
  'hydra.keys.get': { title: 'Read keys', text: 'Read key sets that policies let you read.' },
  'hydra.keys.create': { title: 'Create keys', text: 'Create key sets.' },
  'hydra.keys.update': { title: 'Change keys', text: 'Replace keys of key sets.' },
  'hydra.keys.delete': { title: 'Delete keys', text: 'Delete key sets.' },
  'hydra.warden': { title: 'Ask for access decisions', text: 'Ask whether somebody may do something.' },
  'hydra.warden.groups': { title: 'Manage groups', text: 'Create and delete groups, and change their members.' },
  'hydra.health': { title: 'Read statistics', text: 'Read how the authorization server is doing.' },
  'hydra.consent': { title: 'Answer consent requests', text: 'Accept or reject consent requests.' },
};

/** Describes a requested scope; an unknown one is shown by its own name. */
export function describeScope(scope: string): ScopeText {
  const words = Object.hasOwn(KNOWN, scope) ? KNOWN[scope] : undefined;
  if (words !== undefined) return { scope, ...words, known: true };
  return { scope, title: scope, text: 'The application that asks defines what this permission means.', known: false };
}

/** The claims about a user that the granted scopes open (OpenID Connect Core section 5.4). */
export function claimsOf(user: User, grantedScopes: readonly string[]): Record<string, string | boolean> {
  return {
    ...(grantedScopes.includes('profile') ? { name: user.name, nickname: user.nickname } : {}),
    ...(grantedScopes.includes('email') ? { email: user.email, email_verified: user.emailVerified } : {}),
  };
}
