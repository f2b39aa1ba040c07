import type { ClientStore } from '../client-store.js';
import type { JsonObject } from '../grant.js';
import { OutboundError, type OutboundPost } from '../outbound.js';
import { type LogoutTokenTools, mintLogoutToken } from './logout-token.js';

/** The kind of outbox messages that this file delivers. */
export const backchannelLogoutKind = 'logout.back-channel';

/** What became of an attempt; `obsolete` when there is nobody left to tell. */
export type DeliveryOutcome =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'obsolete' }
  /** `problem` is for operators: no address, nothing of what was answered but its status. */
  | { readonly kind: 'failed'; readonly problem: string };

/** What a message of this kind says. The names are those in the rows. */
export type BackchannelLogout = {
  readonly client_uid: string;
  readonly subject: string;
  /** The session that ended; absent when every session of the subject did. */
  readonly sid?: string;
  /** The `sub` that the client was given, where the login app chose one. */
  readonly sub?: string;
};

/** What deliveries work with. */
export type BackchannelTools = LogoutTokenTools & {
  readonly clients: Pick<ClientStore, 'find'>;
  readonly post: OutboundPost;
};

/**
 * Tells a client that a session ended (OpenID Connect Back-Channel Logout 1.0 section 2.5), by its registration as it is
 * now: a client that is gone, was registered anew or wants to hear of no logouts any more is told nothing. Each attempt has a
 * token of its own, so that a client that heard the first does not take the second for a replay.
 */
export async function deliverBackchannelLogout(
  { target, payload }: { readonly target: string; readonly payload: JsonObject },
  tools: BackchannelTools,
): Promise<DeliveryOutcome> {
  const { client_uid: clientUid, ...ended } = readPayload(payload);
  const stored = await tools.clients.find(target);
  const uri = stored?.client.logout?.backchannelLogoutUri;
  if (stored === undefined || stored.uid !== clientUid || uri === undefined) return { kind: 'obsolete' };
  const token = await mintLogoutToken(stored.client, ended, tools);
  try {
    const { status } = await tools.post(uri, new URLSearchParams({ logout_token: token }).toString());
    // Section 2.8: 200; frameworks that have no body to send answer 204.
    return status === 200 || status === 204 ? { kind: 'delivered' } : { kind: 'failed', problem: `HTTP ${status}` };
  } catch (cause) {
    if (cause instanceof OutboundError) return { kind: 'failed', problem: 'no answer' };
    throw cause;
  }
}

function readPayload(payload: JsonObject): BackchannelLogout {
  const { client_uid: clientUid, subject, sid, sub } = payload;
  if (typeof clientUid !== 'string' || typeof subject !== 'string') throw new Error('a message without its members');
  return {
    client_uid: clientUid,
    subject,
    ...(typeof sid === 'string' ? { sid } : {}),
    ...(typeof sub === 'string' ? { sub } : {}),
  };
}
