/** How long things live, in milliseconds (rulings 30). */
export type Lifetimes = {
  readonly accessTokenMs: number;
  readonly idTokenMs: number;
  readonly authorizationCodeMs: number;
  /** Consent challenge, and the authorization request that it names. */
  readonly challengeMs: number;
  /** A refresh token that is not used for so long is gone. */
  readonly refreshTokenIdleMs: number;
  /** No refresh token outlives its grant by rotation. */
  readonly refreshTokenMs: number;
};

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/**
 * What is signed lives so long at most, or as long as the general lifetime where that is longer: the key manager shows a
 * key for that long after its last signature.
 */
export const signedAtMostMs = dayMs;

/** The lifetimes where nothing else is configured. */
export const defaultLifetimes: Lifetimes = {
  accessTokenMs: hourMs,
  idTokenMs: hourMs,
  authorizationCodeMs: minuteMs,
  challengeMs: 10 * minuteMs,
  refreshTokenIdleMs: 14 * dayMs,
  refreshTokenMs: 90 * dayMs,
};
