import { hash, verify } from '@node-rs/argon2';
import { OAuth2Error, type SlowHasher } from '@castellan/oauth2';

// OWASP's first recommendation for argon2id, which is the library's default algorithm: some 7 ms of one core.
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** How much hashing may go on in this process. */
export type SlowHasherLimits = { readonly concurrency: number; readonly queue: number };

/**
 * Argon2id off the event loop. At most `concurrency` hashes run and `queue` wait, so that a flood of wrong secrets can
 * take neither all cores nor memory; beyond that the answer is `temporarily_unavailable`. Generated secrets and those
 * verified lately never come here.
 */
export function createSlowHasher(limits: SlowHasherLimits = { concurrency: 2, queue: 128 }): SlowHasher {
  const waiting: (() => void)[] = [];
  let running = 0;

  async function run<T>(work: () => Promise<T>): Promise<T> {
    if (running >= limits.concurrency) {
      if (waiting.length >= limits.queue) {
        throw new OAuth2Error('temporarily_unavailable', 'too many client secrets are being checked; try again');
      }
      // Whoever ends hands its place over.
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  }

  return {
    hash: (secret) => run(() => hash(secret, cost)),
    verify: (stored, secret) => run(() => verify(stored, secret)),
  };
}
