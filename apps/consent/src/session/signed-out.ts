import { SIGNED_IN_SECONDS } from './session.js';

/** Remembers who signed out everywhere, until the sessions from before would have ended anyway. */
export type SignedOut = {
  /** Ends every session of this app that the subject began before now. */
  everywhere(subject: string): void;
  /** Whether a login at this time (milliseconds) counts no longer. */
  has(subject: string, at: number): boolean;
};

const MAX_ENTRIES = 20_000;

/** Kept in memory: each replica of the app knows what was asked of it. Sealed cookies cannot be taken back otherwise. */
export function createSignedOut(now: () => number): SignedOut {
  const times = new Map<string, number>();
  return {
    everywhere(subject) {
      times.delete(subject);
      times.set(subject, now());
      const [oldest] = times;
      if (oldest === undefined) return;
      const isOver = oldest[1] + SIGNED_IN_SECONDS * 1000 < now();
      if (isOver || times.size > MAX_ENTRIES) times.delete(oldest[0]);
    },
    has: (subject, at) => at <= (times.get(subject) ?? -1),
  };
}
