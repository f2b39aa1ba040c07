import { decisionDoors } from '@castellan/policy';

/** Token of the `ResourceNames` of this process. */
export const RESOURCE_NAMES = Symbol('RESOURCE_NAMES');

/** Builds the resource names by which policies know the objects of the admin API. */
export type ResourceNames = {
  /** All clients together. */
  clients(): string;
  client(id: string): string;
  keySet(set: string): string;
  /** A key by its resource name within the set: `public`, `private`, `public:x`, `private:x` or a key ID. */
  key(set: string, name: string): string;
  policies(): string;
  policy(id: string): string;
  wardenAllowed(): string;
  wardenTokenAllowed(): string;
  /** Names that the original did not have are `rn:castellan:`, whatever the prefix (rulings 41). */
  wardenExplain(): string;
  wardenDecisions(): string;
  accessEvaluation(): string;
  accessEvaluations(): string;
  groups(): string;
  group(id: string): string;
  healthStats(): string;
  /** Tokens, where somebody asks about one. */
  tokens(): string;
  /** The life of the keys of one signing set; without a set, of all of them. */
  rotation(set?: string): string;
  grants(): string;
  tokenExplain(): string;
  /** Logout tokens that clients have yet to take; without an ID, all of them. */
  logoutDeliveries(id?: string): string;
  resourceServers(): string;
  resourceServer(id: string): string;
  /** A pending request of a browser, by its challenge. */
  authRequest(kind: AuthRequestKind, challenge: string): string;
  /** A consent request of Hydra 0.10 and 0.11. */
  level2ConsentRequest(id: string): string;
  /** Sessions of a subject: logins, or consents. */
  authSessions(kind: 'login' | 'consent', subject: string): string;
};

/** What a browser may wait for an app to decide. */
export type AuthRequestKind = 'login' | 'consent' | 'logout';

/**
 * Makes resource names under a prefix such as `rn:hydra`. Parts are escaped, so that two objects never share a name:
 * set `a:b` with key `c` is `keys:a%3Ab:c`, set `a` with key `b:c` is `keys:a:b%3Ac` (attack AD-06).
 */
export function createResourceNames(prefix: string): ResourceNames {
  const name = (...parts: readonly string[]): string => [prefix, ...parts].join(':');
  // What the original did not have (rulings 41).
  const own = (...parts: readonly string[]): string => ['rn:castellan', ...parts].join(':');
  return {
    clients: () => name('clients'),
    client: (id) => name('clients', escapeResourcePart(id)),
    keySet: (set) => name('keys', escapeResourcePart(set)),
    key: (set, key) => name('keys', escapeResourcePart(set), escapeKeyName(key)),
    policies: () => name('policies'),
    policy: (id) => name('policies', escapeResourcePart(id)),
    wardenAllowed: () => decisionDoors.check.resource(prefix),
    wardenTokenAllowed: () => decisionDoors.checkToken.resource(prefix),
    wardenExplain: () => decisionDoors.explain.resource(),
    wardenDecisions: () => own('warden', 'decisions'),
    accessEvaluation: () => decisionDoors.evaluation.resource(),
    accessEvaluations: () => decisionDoors.evaluations.resource(),
    groups: () => name('warden', 'groups'),
    group: (id) => name('warden', 'groups', escapeResourcePart(id)),
    tokens: () => name('oauth2', 'tokens'),
    healthStats: () => name('health', 'stats'),
    rotation: (set) => own('rotation', ...(set === undefined ? [] : [escapeResourcePart(set)])),
    grants: () => own('grants'),
    tokenExplain: () => own('token', 'explain'),
    logoutDeliveries: (id) => own('logout', 'deliveries', ...(id === undefined ? [] : [escapeResourcePart(id)])),
    resourceServers: () => own('resource-servers'),
    resourceServer: (id) => own('resource-servers', escapeResourcePart(id)),
    authRequest: (kind, challenge) => own('oauth2', 'auth', 'requests', kind, escapeResourcePart(challenge)),
    level2ConsentRequest: (id) => name('oauth2', 'consent', 'requests', escapeResourcePart(id)),
    authSessions: (kind, subject) => own('oauth2', 'auth', 'sessions', kind, escapeResourcePart(subject)),
  };
}

/** Percent-encodes every UTF-8 byte of a part but `A-Z a-z 0-9 . _ ~ -` (the unreserved set of RFC 3986). */
export function escapeResourcePart(part: string): string {
  return part.replace(/[^A-Za-z0-9._~-]/gu, (character) =>
    [...Buffer.from(character, 'utf8')].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
}

/** Keeps the one colon of `private:x` and `public:x` (rulings 24), which every policy of the original writes so. */
function escapeKeyName(name: string): string {
  const [, half, rest] = /^(private|public):(.*)$/su.exec(name) ?? [];
  return half !== undefined && rest !== undefined ? `${half}:${escapeResourcePart(rest)}` : escapeResourcePart(name);
}
