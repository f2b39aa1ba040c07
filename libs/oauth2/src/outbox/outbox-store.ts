import type { JsonObject } from '../grant.js';

/** What has to be brought to somebody because of a change, written in the transaction of that change. */
export type NewOutboxMessage = {
  /** Names the handler, such as `logout.back-channel`. */
  readonly kind: string;
  /** Whom it is for, such as a client id: one target never keeps the others waiting. */
  readonly target: string;
  /** What the handler needs; no secret, no token. */
  readonly payload: JsonObject;
};

/** A message that one worker may deliver, until its lease ends. */
export type LeasedMessage = NewOutboxMessage & {
  /** Decimal digits; later messages have greater ids. */
  readonly id: string;
  readonly lease: string;
  /** Attempts, this one included. */
  readonly attempt: number;
};

/** A message as an operator sees it. Times are milliseconds since the epoch. */
export type OutboxEntry = NewOutboxMessage & {
  readonly id: string;
  readonly state: OutboxState;
  readonly attempts: number;
  readonly createdAt: number;
  /** When it is tried next, at the earliest; absent for a dead letter. */
  readonly dueAt?: number;
  /** When it became, or becomes, a dead letter. */
  readonly givesUpAt: number;
  /** What went wrong at the last attempt. */
  readonly problem?: string;
};

/** `pending` is tried until its time is over, then it is a dead letter: kept, and tried no more. */
export type OutboxState = 'pending' | 'dead';

/** How many messages of a kind there are in a state, and the age of the oldest in milliseconds. */
export type OutboxCount = {
  readonly kind: string;
  readonly state: OutboxState;
  readonly messages: number;
  readonly oldestMs: number;
};

/**
 * Messages that are delivered at least once, by whichever replica takes them. They are added by the statements of the
 * changes that they tell of, or alone with `add`. Times are the store's clock.
 */
export interface OutboxStore {
  /** Stores messages that become dead letters `giveUpAfterMs` from now. */
  add(messages: readonly NewOutboxMessage[], giveUpAfterMs: number): Promise<void>;

  /**
   * Leases the messages that are due, the longest due first: at most `limit` of the kinds given and at most one for each
   * target, none for a target in `busy`. Of concurrent calls, on any replica, no two get the same message. A lease that is
   * neither settled nor postponed ends after `leaseMs`, and the message is due again.
   */
  lease(options: {
    readonly kinds: readonly string[];
    readonly busy: readonly string[];
    readonly limit: number;
    readonly leaseMs: number;
  }): Promise<readonly LeasedMessage[]>;

  /** Removes a delivered message. False when its lease is over: somebody else has it, or it is gone. */
  settle(message: Pick<LeasedMessage, 'id' | 'lease'>): Promise<boolean>;

  /**
   * Notes a failed attempt. The message is due again after `delayMs`, at the latest when its time is over; once it was
   * tried after that, it is a dead letter. `lost` when its lease is over.
   */
  postpone(
    message: Pick<LeasedMessage, 'id' | 'lease'>,
    failure: { readonly delayMs: number; readonly problem: string },
  ): Promise<OutboxState | 'lost'>;

  /** Messages of the kinds given, in order of their ids, from the one after `after`; `limit` 0 is all. */
  list(page: {
    readonly kinds: readonly string[];
    readonly state?: OutboxState;
    readonly after: string;
    readonly limit: number;
  }): Promise<readonly OutboxEntry[]>;

  /** Makes a message due now, a dead letter too, and gives it as much time as a new one. False when there is none. */
  retry(kinds: readonly string[], id: string, giveUpAfterMs: number): Promise<boolean>;

  /** Removes a message that was not delivered. False when there is none. */
  discard(kinds: readonly string[], id: string): Promise<boolean>;

  /** What waits and what is dead, by kind. */
  counts(): Promise<readonly OutboxCount[]>;

  /** Removes at most `limit` dead letters that have been so for `keepMs`. Answers how many. */
  sweep(keepMs: number, limit: number): Promise<number>;
}
