import type { JsonObject } from '../grant.js';

/** What a user granted to a client, as the consent app said. Times in milliseconds since the epoch. */
export type Consent = {
  /** Names the consent in lists, and the grants that came of it. */
  readonly id: string;
  readonly subject: string;
  readonly clientUid: string;
  readonly clientId: string;
  /** The login session in which it was given; empty where there was none. */
  readonly sid: string;
  readonly scopes: readonly string[];
  readonly audience: readonly string[];
  readonly remembered: boolean;
  /** Seconds; 0: without end. */
  readonly rememberFor: number;
  readonly handledAt: number;
  readonly details: ConsentDetails;
};

/** What statements never ask for: it lies sealed. */
export type ConsentDetails = {
  /** The request as the consent app saw it, members as on the wire. */
  readonly request: JsonObject;
  readonly accessTokenExtra: JsonObject;
  readonly idTokenExtra: JsonObject;
  readonly context?: unknown;
};

/** A consent to store. It ends after `lifetimeMs`, or never. */
export type NewConsent = Omit<Consent, 'handledAt'> & { readonly lifetimeMs?: number };

/** A remembered consent: what need not be asked again. */
export type RememberedConsent = Pick<Consent, 'id' | 'scopes' | 'audience'>;

/** Which consents are revoked; members together narrow, and at least one is given. */
export type WhichConsents = { readonly subject?: string; readonly clientId?: string; readonly id?: string };

/** Where consents are kept. They are stored in the statement that completes the request they answer. */
export interface ConsentStore {
  /** What a subject granted to a client and wanted remembered, newest first. */
  findRemembered(subject: string, clientUid: string): Promise<readonly RememberedConsent[]>;

  /**
   * Consents of a subject that are in force, newest first; `sid` narrows to those given in that session, `after` is the
   * id of the last one of the page before.
   */
  list(
    which: { readonly subject: string; readonly sid?: string },
    page: { readonly after?: string; readonly limit: number },
  ): Promise<readonly Consent[]>;

  /**
   * Revokes consents and every grant that came of them; with a subject or client also the grants that no consent is kept
   * of. Once this returned, their tokens are inactive on every replica. Answers how many grants ended.
   */
  revoke(which: WhichConsents): Promise<number>;

  /** Removes at most `limit` consents that are past their end or revoked; answers how many went. */
  sweep(limit: number): Promise<number>;
}
