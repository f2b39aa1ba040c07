import { createHmac, timingSafeEqual } from 'node:crypto';
import type { ClientSecretHash } from './client.js';
import type { SecretSlot, StoredClient } from './client-store.js';
import { OAuth2Error } from './errors.js';
import { createVerifiedSecrets } from './verified-secrets.js';

/** A slow, salted, memory-hard hash for secrets that people chose (argon2id). Throws when it is overloaded. */
export interface SlowHasher {
  hash(secret: string): Promise<string>;
  verify(hash: string, secret: string, caller?: SecretCaller): Promise<boolean>;
}

/** Who has a secret checked, so that whoever has many checked waits behind himself. `address` where it is known. */
export type SecretCaller = { readonly clientId: string; readonly address?: string };

/** A verifier to store, and what the operator should know about the secret. */
export type HashedSecret = { readonly hash: ClientSecretHash; readonly warnings: readonly string[] };

/** A verifier, and the one that takes its place. */
export type VerifierRenewal = { readonly from: ClientSecretHash; readonly to: ClientSecretHash };

/** Client secrets: making, storing as verifiers, and checking them. */
export type ClientSecrets = {
  /** A new secret of 256 random bits, with its verifier. */
  generate(clientId: string): { readonly secret: string; readonly hash: ClientSecretHash };
  /** The verifier of a secret that somebody chose. Throws `invalid_client_metadata` when it is too short or too long. */
  hash(secret: string): Promise<HashedSecret>;
  /** Which of the client's live secrets it is; undefined when it is none of them. `address` is the caller's. */
  verify(stored: StoredClient, secret: string, address?: string): Promise<SecretSlot | undefined>;
  /**
   * The verifier of a secret that was just recognised under the newest pepper; undefined when it has that already, or has
   * none: a secret that somebody chose.
   */
  renew(stored: StoredClient, slot: SecretSlot, secret: string): VerifierRenewal | undefined;
  /** Takes as long as refusing a chosen secret does. */
  spendTime(secret: string, caller: SecretCaller): Promise<void>;
};

/** A key of verifiers and its public name (4 bytes, in every verifier made with it). */
export type Pepper = { readonly id: Buffer; readonly key: Buffer };

const generatedPrefix = 'cs_';
const generatedBytes = 32;
const recommendedLength = 32;
const maxLength = 1024;

/**
 * `peppers`, newest first, key the verifiers of generated secrets: the first makes them, all of them check; `processKey`
 * (random, of this process) keys those kept in memory. Generated secrets need no slow hash: nobody guesses 256 bits
 * (docs/adr/0007).
 */
export function createClientSecrets(options: {
  readonly peppers: readonly [Pepper, ...Pepper[]];
  readonly processKey: Buffer;
  readonly slowHasher: SlowHasher;
  readonly randomBytes: (n: number) => Buffer;
  readonly now: () => number;
  /** The database clock in milliseconds since the epoch: it judges when secrets end. */
  readonly clock: () => number;
  readonly minLength: number;
}): ClientSecrets {
  const { peppers, slowHasher, minLength } = options;
  const verified = createVerifiedSecrets({ key: options.processKey, now: options.now });
  let dummy: Promise<string> | undefined;

  function fastHash(pepper: Pepper, clientId: string, secret: string): Buffer {
    return createHmac('sha256', pepper.key).update(`${clientId}\0${secret}`).digest();
  }

  /** The peppers that may have made a verifier. Those of the first version do not name theirs. */
  function peppersOf(hash: string): { readonly mac: Buffer; readonly candidates: readonly Pepper[] } {
    const [first = '', second] = hash.split('.');
    if (second === undefined) return { mac: Buffer.from(first, 'base64url'), candidates: peppers };
    const named = peppers.filter(({ id }) => id.toString('hex') === first);
    return { mac: Buffer.from(second, 'base64url'), candidates: named };
  }

  async function matches(
    stored: StoredClient,
    slot: SecretSlot,
    verifier: ClientSecretHash,
    secret: string,
    address: string | undefined,
  ): Promise<boolean> {
    if (verifier.kind === 'argon2id') {
      const caller = { clientId: stored.client.id, ...(address !== undefined ? { address } : {}) };
      return verified.check(stored, slot, secret, () => slowHasher.verify(verifier.hash, secret, caller));
    }
    const { mac, candidates } = peppersOf(verifier.hash);
    return candidates.some((pepper) => {
      const presented = fastHash(pepper, stored.client.id, secret);
      return mac.length === presented.length && timingSafeEqual(mac, presented);
    });
  }

  function newestVerifier(clientId: string, secret: string): ClientSecretHash {
    const mac = fastHash(peppers[0], clientId, secret).toString('base64url');
    return { kind: 'hmac', hash: `${peppers[0].id.toString('hex')}.${mac}` };
  }

  return {
    generate(clientId) {
      const secret = generatedPrefix + options.randomBytes(generatedBytes).toString('base64url');
      return { secret, hash: newestVerifier(clientId, secret) };
    },

    async hash(secret) {
      if (secret.length < minLength) {
        throw new OAuth2Error(
          'invalid_client_metadata',
          `The client secret must be at least ${minLength} characters long`,
        );
      }
      if (secret.length > maxLength || /[\u0000-\u001f\u007f]|\p{Surrogate}/u.test(secret)) {
        throw new OAuth2Error('invalid_client_metadata', 'client_secret is too long or holds a control character');
      }
      const warnings =
        secret.length < recommendedLength
          ? [`the client secret has fewer than ${recommendedLength} characters; leave it out to have one generated`]
          : [];
      return { hash: { kind: 'argon2id', hash: await slowHasher.hash(secret) }, warnings };
    },

    async verify(stored, secret, address) {
      if (secret === '' || secret.length > maxLength) return undefined;
      for (const [slot, verifier] of liveSecrets(stored, options.clock())) {
        if (await matches(stored, slot, verifier, secret, address)) return slot;
      }
      return undefined;
    },

    renew(stored, slot, secret) {
      const from = slot === 'current' ? stored.secret : stored.previousSecret?.hash;
      if (from?.kind !== 'hmac') return undefined;
      const to = newestVerifier(stored.client.id, secret);
      return to.hash === from.hash ? undefined : { from, to };
    },

    async spendTime(secret, caller) {
      dummy ??= slowHasher.hash(options.randomBytes(generatedBytes).toString('base64url'));
      try {
        await slowHasher.verify(await dummy, secret, caller);
      } catch (cause) {
        dummy = undefined;
        throw cause;
      }
    },
  };
}

function liveSecrets(stored: StoredClient, now: number): readonly (readonly [SecretSlot, ClientSecretHash])[] {
  const { secret, secretUse, previousSecret } = stored;
  const current = secret !== undefined && (secretUse?.expiresAt ?? Infinity) > now;
  return [
    ...(current ? [['current', secret] as const] : []),
    ...(previousSecret !== undefined && previousSecret.use.expiresAt > now
      ? [['previous', previousSecret.hash] as const]
      : []),
  ];
}
