import type { Interaction, InteractionStage, StagedInteraction } from '../interaction/interaction.js';
import type { NewLoginSession } from '../interaction/login-session-store.js';
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
  /** Keyed hash of the address that the browser came from; absent when it is not known. */
  readonly addressHash?: string;
  /** Absent in the flow of Hydra 0.9, which keeps nothing between its two ends. */
  readonly interaction?: { readonly stage: InteractionStage; readonly state: Interaction };
};

/** A pending authorization request. */
export type PendingAuthorizationRequest = Omit<
  NewAuthorizationRequest,
  'lifetimeMs' | 'addressHash' | 'interaction'
> & {
  /** Milliseconds since the epoch, database clock. */
  readonly createdAt: number;
  readonly interaction?: StagedInteraction;
};

/** A request with an interaction, decided or not. Nothing is known of the interaction of a decided one. */
export type InteractionRequest = Omit<PendingAuthorizationRequest, 'interaction'> & {
  readonly interaction: StagedInteraction | 'over';
};

/** A step of an interaction: it is taken only from where it starts. */
export type InteractionStep = {
  readonly from: InteractionStage;
  readonly to: InteractionStage;
  /** What is known from then on. */
  readonly state: Interaction;
};

/** What the end of a login does to sessions: use the one that was there, or begin one. */
export type SessionStep =
  | {
      readonly kind: 'use';
      readonly sid: string;
      /** It lives for so long from now on; absent: as long as it would. */
      readonly extendToMs?: number;
    }
  | {
      readonly kind: 'begin';
      readonly session: NewLoginSession;
      /** The session of the same browser that ends with it: somebody else's. */
      readonly endsSid?: string;
    };

/**
 * Where authorization requests wait for the resource owner's decision. Not partitioned by expiry: the id is unique
 * across time (rulings 16).
 */
export interface AuthorizationRequestStore {
  /**
   * Stores a request. Answers false, and stores nothing, when its client has `pendingLimit` undecided ones already, or its
   * address `addressLimit`.
   */
  insert(request: NewAuthorizationRequest, pendingLimit: number, addressLimit?: number): Promise<boolean>;

  /** The request if it is undecided, unexpired and its client still exists; else undefined. Changes nothing. */
  findPending(id: string): Promise<PendingAuthorizationRequest | undefined>;

  /** The unexpired request of that id if it has an interaction and its client still exists; also when it is decided. */
  findInteraction(id: string): Promise<InteractionRequest | undefined>;

  /** Takes a step of a pending interaction: of simultaneous ones exactly one wins. */
  advance(id: string, step: InteractionStep): Promise<BurnOutcome>;

  /**
   * Takes the step from `login-decided` to `consent` and does to sessions what the login does, in one statement. `lost`
   * also when the session that shall be used has ended.
   */
  finishLogin(id: string, step: { readonly state: Interaction; readonly session: SessionStep }): Promise<BurnOutcome>;

  /**
   * Burns the pending request and stores what the decision buys in one statement; erases its parameters, but for those of
   * an interaction, which say where to start anew. A request is decided once, ever: of simultaneous decisions exactly one
   * wins. An interaction must have reached `consent-decided`, and the grant's login session must be live.
   */
  complete(id: string, outcome: AuthorizationOutcome): Promise<BurnOutcome>;

  /** Burns the pending request without buying anything (denied, or an invalid consent response that names it). */
  discard(id: string): Promise<BurnOutcome>;

  /** Removes requests past their lifetime in small batches; answers how many went. */
  sweep(limit: number): Promise<number>;
}
