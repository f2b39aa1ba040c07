import type { JsonObject } from './json.js';

/** A decision as it is recorded. */
export type DecisionRecord = {
  /** When, milliseconds since the epoch by the clock of the database. */
  readonly decidedAt: number;
  /** How it was asked for: `check`, `check_token`, `batch`, `stream`, `envoy`. */
  readonly door: string;
  /** Which peer asked. */
  readonly caller: string;
  readonly requestId: string;
  /** Empty where the token decided: nobody is known then. */
  readonly subject: string;
  /** Client of the token that was shown; empty where none was. */
  readonly clientId: string;
  readonly resource: string;
  readonly action: string;
  readonly context: JsonObject;
  /** Members of the context that are not recorded, or not as they were. */
  readonly redacted: readonly string[];
  /** Groups of the subject. */
  readonly groups: readonly string[];
  readonly allowed: boolean;
  /** Why not; empty where it is allowed. */
  readonly reason: string;
  /** Revision that decided; 0 where the token did. */
  readonly revision: number;
};

/** Which decisions are wanted; what is left out restricts nothing. */
export type DecisionQuery = {
  /** At most so many. */
  readonly limit: number;
  /** Only what comes after the decision of this place. */
  readonly before?: string | undefined;
  readonly subject?: string | undefined;
  readonly resource?: string | undefined;
  readonly action?: string | undefined;
  readonly allowed?: boolean | undefined;
  /** Only decisions of this instant or later. */
  readonly since?: number | undefined;
};

/** A record that was kept, and its place in the order of all. */
export type KeptRecord = DecisionRecord & { readonly place: string };

/** Decisions, the newest first; `next` is the place of the last one where there may be more. */
export type DecisionPage = {
  readonly decisions: readonly KeptRecord[];
  readonly next: string | undefined;
};

/** Where decisions are recorded, and forgotten after a time. */
export interface DecisionLogStore {
  /** Keeps records, all or none. */
  append(records: readonly DecisionRecord[]): Promise<void>;
  /** Reads records. Answers undefined for a place that no decision ever had. */
  list(query: DecisionQuery): Promise<DecisionPage | undefined>;
  /** Makes room for what comes, so that the first record of a day does not wait for it. */
  makeRoom(): Promise<void>;
  /** Forgets what is over. */
  forget(): Promise<void>;
}
