/** A call without a stated deadline gets this one from our client. */
export const DEFAULT_CALL_DEADLINE_MS = 2_000;
/** A call that arrives without a deadline gets this one from our server. */
export const DEFAULT_SERVER_DEADLINE_MS = 5_000;
/** No call may ask for more. */
export const MAX_DEADLINE_MS = 30_000;

/** Milliseconds a call may take: the asked time inside [1, 30000], or `fallback` when none (or no number) was asked. */
export function clampDeadline(asked: number | undefined, fallback: number): number {
  if (asked === undefined || Number.isNaN(asked)) return fallback;
  return Math.min(Math.max(asked, 1), MAX_DEADLINE_MS);
}
