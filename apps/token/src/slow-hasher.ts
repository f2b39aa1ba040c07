import { hash, verify } from '@node-rs/argon2';
import { OAuth2Error, type SecretCaller, type SlowHasher } from '@castellan/oauth2';
import { createFairQueue, type Turn } from './fair-queue.js';
import { networkOf } from './network-of.js';

// OWASP's first recommendation for argon2id, which is the library's default algorithm: some 7 ms of one core.
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** How much hashing may go on in this process. */
export type SlowHasherLimits = {
  readonly concurrency: number;
  readonly queue: number;
  /** How much of the queue one address may fill. */
  readonly perAddress: number;
};

const usual: SlowHasherLimits = { concurrency: 2, queue: 128, perAddress: 16 };

/**
 * Argon2id off the event loop. At most `concurrency` hashes run and `queue` wait, so that a flood of wrong secrets can
 * take neither all cores nor memory. Who asks takes turns with everybody else: a flood waits behind itself, and what is
 * too much of it is answered `temporarily_unavailable` with 429, at once. Generated secrets and those verified lately never come here.
 */
export function createSlowHasher(limits: SlowHasherLimits = usual): SlowHasher {
  const run = createFairQueue({
    ...limits,
    onDropped: () =>
      new OAuth2Error('temporarily_unavailable', 'too many client secrets are being checked; try again later', 429),
  });
  return {
    hash: (secret) => run({ address: '', clientId: '' }, () => hash(secret, cost)),
    verify: (stored, secret, caller) => run(turnOf(caller), () => verify(stored, secret)),
  };
}

/** Whose turn it is: one subscriber's addresses count as one. */
function turnOf({ address = '', clientId }: SecretCaller = { clientId: '' }): Turn {
  return { address: networkOf(address), clientId };
}
