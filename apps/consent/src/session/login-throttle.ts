/** Counts failed logins per address and per account, in memory. */
export type LoginThrottle = {
  /** Counts an attempt before its password is looked at; seconds to wait when there were too many, else 0. */
  attempt(address: string, account: string): number;
  /** Takes a successful attempt back, and forgets the failures of the account. */
  succeed(address: string, account: string): void;
};

const WINDOW_MS = 15 * 60 * 1000;
const PER_ACCOUNT = 5;
const PER_ADDRESS = 50;
const MAX_ENTRIES = 20_000;

type Count = { failures: number; until: number };

/**
 * Makes a throttle: within 15 minutes 5 failures for one account, or 50 from one address, and further attempts
 * wait for the end of that window. Attempts in flight count as failures, so that parallel guesses gain nothing.
 */
export function createLoginThrottle(now: () => number): LoginThrottle {
  const counts = new Map<string, Count>();

  function current(key: string): Count {
    const known = counts.get(key);
    if (known !== undefined && known.until > now()) return known;
    const fresh = { failures: 0, until: now() + WINDOW_MS };
    counts.delete(key);
    counts.set(key, fresh);
    if (counts.size > MAX_ENTRIES) counts.delete(counts.keys().next().value ?? key);
    return fresh;
  }

  return {
    attempt(address, account) {
      const [byAddress, byAccount] = [current(`address ${address}`), current(`account ${account}`)];
      const exceeded =
        byAccount.failures >= PER_ACCOUNT ? byAccount : byAddress.failures >= PER_ADDRESS ? byAddress : undefined;
      if (exceeded !== undefined) return Math.ceil((exceeded.until - now()) / 1000);
      byAddress.failures += 1;
      byAccount.failures += 1;
      return 0;
    },
    succeed(address, account) {
      const byAddress = counts.get(`address ${address}`);
      if (byAddress !== undefined && byAddress.failures > 0) byAddress.failures -= 1;
      counts.delete(`account ${account}`);
    },
  };
}
