import type { AuthorizationOutcome, BurnOutcome } from '../token/token-store.js';

/** The validated parameters of an authorization request, kept from its start to its decision. */
export type StoredParameters = { readonly [name: string]: string };

/** An authorization request to store (times in milliseconds). */
export type NewAuthorizationRequest = {
  /** 256 random bits, base64url; also the `jti` of the consent challenge. */
  readonly id: string;
  readonly clientUid: string;
  readonly clientId: string;
  readonly parameters: StoredParameters;
  /** SHA-256 over the canonical parameters, to recognise the request when the browser returns. */
  readonly parametersHash: string;
  /** SHA-256 of the secret inside the browser's flow cookie. */
  readonly browserHash: string;
  readonly lifetimeMs: number;
};

/** A pending authorization request. */
export type PendingAuthorizationRequest = Omit<NewAuthorizationRequest, 'lifetimeMs'> & {
  /** Milliseconds since the epoch, database clock. */
  readonly createdAt: number;
};

/**
 * Where authorization requests wait for the resource owner's decision. Not partitioned by expiry: the id is unique
 * across time (rulings 16).
 */
export interface AuthorizationRequestStore {
  /** Stores a request. Answers false, and stores nothing, when its client has `pendingLimit` undecided ones already. */
  insert(request: NewAuthorizationRequest, pendingLimit: number): Promise<boolean>;

  /** The request if it is undecided, unexpired and its client still exists; else undefined. Changes nothing. */
  findPending(id: string): Promise<PendingAuthorizationRequest | undefined>;

  /**
   * Burns the pending request and stores what the decision buys in one statement; erases its parameters. A request is
   * decided once, ever: of simultaneous decisions exactly one wins.
   */
  complete(id: string, outcome: AuthorizationOutcome): Promise<BurnOutcome>;

  /** Burns the pending request without buying anything (denied, or an invalid consent response that names it). */
  discard(id: string): Promise<BurnOutcome>;

  /** Removes requests past their lifetime in small batches; answers how many went. */
  sweep(limit: number): Promise<number>;
}
