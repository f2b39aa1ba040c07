import type { AuthorizationRequestStore, InteractionRequest } from '../authorization/authorization-request-store.js';
import type { ClientStore, StoredClient } from '../client-store.js';
import { OAuth2Error } from '../errors.js';
import { isStorable } from '../subject.js';
import type { ChallengeKind } from './challenge-text.js';
import type { Interaction, InteractionStage, Rejection } from './interaction.js';
import { requestUrlOf, type RequestTexts } from './pending-request.js';

/** What the decisions of login and consent apps work with. */
export type DecisionTools = RequestTexts & {
  readonly requests: Pick<AuthorizationRequestStore, 'findInteraction' | 'advance'>;
  readonly clients: Pick<ClientStore, 'find'>;
};

/**
 * What a challenge names: nothing; a request that waits for the app no more, with where to start anew; or one that waits.
 */
export type NamedRequest =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'handled'; readonly redirectTo: string }
  | {
      readonly kind: 'waiting';
      readonly row: InteractionRequest;
      readonly state: Interaction;
      readonly client: StoredClient;
    };

/** What came of a decision; `conflict`: another one was faster. */
export type DecisionOutcome =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'decided'; readonly redirectTo: string };

/** A refusal as an app sends it; empty members are left to us. */
export type RejectionInput = {
  readonly error: string;
  readonly description: string;
  readonly hint: string;
  readonly debug: string;
  readonly statusCode: number;
};

const maxJsonBytes = 8 * 1024;
const maxText = 1024;
const maxSeconds = 315_360_000;

/** The request that a challenge names, where it waits at that stage. */
export async function findNamed(
  challenge: string,
  where: { readonly kind: ChallengeKind; readonly stage: InteractionStage },
  tools: DecisionTools,
): Promise<NamedRequest> {
  const id = tools.challenges.read(where.kind, challenge);
  const row = id === undefined ? undefined : await tools.requests.findInteraction(id);
  if (row === undefined) return { kind: 'unknown' };
  const client = await tools.clients.find(row.clientId);
  if (client === undefined || client.uid !== row.clientUid) return { kind: 'unknown' };
  const { interaction } = row;
  return interaction !== 'over' && interaction.stage === where.stage
    ? { kind: 'waiting', row, state: interaction.state, client }
    : { kind: 'handled', redirectTo: requestUrlOf(row, tools) };
}

/** A refusal as the client shall read it. */
export function readRejection(input: RejectionInput): Rejection {
  const error = input.error === '' ? 'access_denied' : input.error;
  if (!/^[\x20-\x21\x23-\x5b\x5d-\x7e]{1,128}$/.test(error))
    throw invalid('error holds a character that is not allowed');
  const texts = [input.description, input.hint, input.debug];
  if (texts.some((text) => text.length > maxText || !isStorable(text))) {
    throw invalid(`error_description, error_hint and error_debug are text of at most ${maxText} characters`);
  }
  return { kind: 'rejected', ...input, error };
}

/** Where the browser brings a verifier. */
export function returnUrl(parameters: readonly (readonly [string, string])[], { settings }: RequestTexts): string {
  return `${settings.issuer}/oauth2/auth?${parameters.map(([name, value]) => `${name}=${value}`).join('&')}`;
}

/** @throws OAuth2Error `invalid_request` unless it is a whole number of seconds, ten years at most */
export function checkSeconds(name: string, seconds: number): void {
  if (!Number.isSafeInteger(seconds) || seconds < 0 || seconds > maxSeconds) {
    throw invalid(`${name} must be a whole number of seconds, ten years at most`);
  }
}

/** @throws OAuth2Error `invalid_request` for a value that is too large to keep, or cannot be stored */
export function checkJson(name: string, value: unknown): void {
  if (value !== undefined && Buffer.byteLength(JSON.stringify(value)) > maxJsonBytes) {
    throw invalid(`${name} is larger than 8 KiB`);
  }
  if (!isStorable(value)) throw invalid(`${name} holds a NUL or half a character`);
}

export function invalid(hint: string): OAuth2Error {
  return new OAuth2Error('invalid_request', hint);
}
