/** The scope that an access token needs, to ask for decisions. */
export const decisionScope = 'hydra.warden';

/** What a caller must be allowed at a door: an action on a resource, as of any other. */
export type DecisionDoor = {
  readonly action: string;
  /** Resource name under the prefix of the deployment, such as `rn:hydra`. */
  readonly resource: (prefix: string) => string;
};

/**
 * What whoever asks for decisions must be allowed, over HTTP and gRPC alike: the Warden guards itself. Names that the
 * original did not have are `rn:castellan:`, whatever the prefix (rulings 41).
 */
export const decisionDoors = {
  /** Of a subject that the caller names, one by one or many at once. */
  check: { action: 'decide', resource: (prefix) => `${prefix}:warden:allowed` },
  /** Of whoever holds an access token. */
  checkToken: { action: 'decide', resource: (prefix) => `${prefix}:warden:token:allowed` },
  /** What led to a decision: it tells of policies. */
  explain: { action: 'warden:explain', resource: () => 'rn:castellan:warden:explain' },
  /** In the words of AuthZEN. */
  evaluation: { action: 'decide', resource: () => 'rn:castellan:access:evaluation' },
  evaluations: { action: 'decide', resource: () => 'rn:castellan:access:evaluations' },
} satisfies Readonly<Record<string, DecisionDoor>>;
