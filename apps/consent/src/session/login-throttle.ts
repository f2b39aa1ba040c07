import { subscriberOf } from './subscriber.js';

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
 * Makes a throttle: within 15 minutes 5 failures for one account, or 50 from one address (of IPv6: one subscriber), and
 * further attempts wait for the end of that window. Attempts in flight count as failures, so that parallel guesses gain
 * nothing. Only an attempt that is let through takes an entry: whoever is refused cannot crowd out what is counted.
 */
export function createLoginThrottle(now: () => number): LoginThrottle {
  const counts = new Map<string, Count>();

  function running(key: string): Count | undefined {
    const known = counts.get(key);
    return known !== undefined && known.until > now() ? known : undefined;
  }

  function add(key: string): void {
    const known = running(key);
    if (known !== undefined) {
      known.failures += 1;
      return;
    }
    counts.delete(key);
    counts.set(key, { failures: 1, until: now() + WINDOW_MS });
    if (counts.size > MAX_ENTRIES) counts.delete(counts.keys().next().value ?? key);
  }

  return {
    attempt(address, account) {
      const [addressKey, accountKey] = [`address ${subscriberOf(address)}`, `account ${account}`];
      const [byAddress, byAccount] = [running(addressKey), running(accountKey)];
      const exceeded =
        (byAccount?.failures ?? 0) >= PER_ACCOUNT
          ? byAccount
          : (byAddress?.failures ?? 0) >= PER_ADDRESS
            ? byAddress
            : undefined;
      if (exceeded !== undefined) return Math.ceil((exceeded.until - now()) / 1000);
      add(addressKey);
      add(accountKey);
      return 0;
    },
    succeed(address, account) {
      const byAddress = counts.get(`address ${subscriberOf(address)}`);
      if (byAddress !== undefined && byAddress.failures > 0) byAddress.failures -= 1;
      counts.delete(`account ${account}`);
    },
  };
}
