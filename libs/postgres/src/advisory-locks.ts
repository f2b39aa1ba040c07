/**
 * The keys of advisory locks, in one place because they share one number space per database: what takes turns with
 * what is decided here. Any numbers do, as long as they stay the same.
 */
export const advisoryLocks = {
  /** One migrator at a time. */
  migration: 7_240_157,
  /** One maker of partitions at a time. */
  partitions: 7_240_158,
  /** One replica makes the product's own keys. */
  ownKeys: 7_240_159,
  /** One claim of a fresh database by a secret at a time, per component. */
  keysClaim: 7_240_160,
  tokenClaim: 7_240_161,
  wardenClaim: 7_240_162,
  /** One first client. */
  firstClient: 7_240_163,
} as const;
