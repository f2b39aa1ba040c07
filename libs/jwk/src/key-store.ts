import type { KeyPart } from './jwk.js';
import type { SecretVerifier } from './secrets.js';

/** One key of a set as it is stored: sealed, with what must be known without opening it. */
export type StoredKey = {
  readonly set: string;
  readonly kid: string;
  /** The revision that wrote it. No two writes share one, so set, kid and version name this very row for good. */
  readonly version: number;
  readonly part: KeyPart;
  readonly algorithm: string;
  /** `sig`, `enc`, or empty. */
  readonly use: string;
  readonly sealed: Buffer;
  readonly createdAt: Date;
};

/** A key to be stored. */
export type NewKey = Pick<StoredKey, 'kid' | 'part' | 'algorithm' | 'use' | 'sealed'>;

/** Who asked, for the audit. */
export type KeyActor = { readonly peer: string; readonly requestId: string };

/** A set at one revision, current key first: newest write first, within one write in the order given. */
export type KeySetSnapshot = { readonly revision: number; readonly keys: readonly StoredKey[] };

/** What a change makes of a set. Kids in `remove` that are absent, and kids in `put` that exist, are fine. */
export type KeySetChange<Answer> = {
  readonly remove?: readonly string[];
  readonly put?: readonly NewKey[];
  readonly answer: Answer;
};

/** Where keys are kept. Every method is atomic; an outage is a rejection. */
export interface KeyStore {
  /**
   * The revision of everything stored, read after the call was made: a write that returned before is in it.
   * Concurrent calls may share one read that starts after the last of them.
   */
  revision(): Promise<number>;

  /** Reads a set and the revision it was read at, as one snapshot. An unknown set has no keys. */
  readSet(set: string): Promise<KeySetSnapshot>;

  /**
   * Reads private and secret keys by kid in order to give them away, and notes each read in the audit in the same
   * statement: a read that cannot be noted does not happen. Absent and public keys are left out.
   */
  releasePrivate(set: string, kids: readonly string[], actor: KeyActor): Promise<readonly StoredKey[]>;

  /**
   * Changes one set: `change` sees its keys (order as readSet) and the version that its own keys will have, and says
   * what to remove and put; put replaces a key of the same kid. Changes of all replicas run one after the other.
   * Every key removed or put is noted in the audit. When `change` throws, nothing has happened and the error is passed on.
   * `change` is synchronous: nothing slow may happen inside.
   */
  changeSet<Answer>(
    set: string,
    actor: KeyActor,
    change: (keys: readonly StoredKey[], version: number) => KeySetChange<Answer>,
  ): Promise<Answer>;

  /** Runs work while no other replica runs any; the others wait. Nothing is rolled back when it throws. */
  exclusively<Answer>(work: () => Promise<Answer>): Promise<Answer>;

  /**
   * Answers whether the store was initialised with the secret of this verifier. A store that holds neither a verifier
   * nor a key is initialised by the call; of two first calls at once one initialises and the other is judged by it.
   */
  claimSecret(verifier: SecretVerifier): Promise<boolean>;
}
