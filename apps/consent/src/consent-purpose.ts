import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { AppContext } from './app-context.js';
import type { AuthenticationRequest } from './authentication-request.js';
import { readConsentChallenge } from './challenge-flow/consent-challenge.js';
import type { User } from './connectors/connector.js';
import { badRequest } from './failure.js';
import { readConsentOfJwtFlow } from './jwt-flow/consent.js';
import type { Client } from './pages/page-data.js';
import { parse } from './request-fields.js';
import type { Session } from './session/session.js';

/** What somebody consents to, whichever way the authorization server asks. */
export type ConsentPurpose = {
  /** What the form is bound to: the challenge. */
  readonly about: string;
  /** Query of the form's action. */
  readonly query: string;
  readonly client: Client;
  readonly clientId: string;
  readonly request: AuthenticationRequest;
  readonly redirectUris: readonly string[];
  readonly scopes: readonly string[];
  /** Claims that are asked for by name and that this app knows. */
  readonly claims: readonly string[];
  readonly audience: readonly string[];
  readonly user: User;
  readonly mayRemember: boolean;
  /** Where somebody else can sign in: a URL, or this app's logout for the challenge. */
  readonly notYou?: { readonly url: string } | { readonly challenge: string };
  allow(decision: ConsentDecision): Promise<string>;
  deny(): Promise<string>;
};

/** What was allowed; values beyond what was asked for are ignored. */
export type ConsentDecision = {
  readonly scopes: readonly string[];
  readonly claims: readonly string[];
  readonly remember: boolean;
};

/** A decision to ask for, one that is made already, or somebody who has to sign in first. */
export type ConsentArrival =
  | { readonly kind: 'ask'; readonly purpose: ConsentPurpose }
  | { readonly kind: 'answered'; readonly redirectTo: string };

const querySchema = z.object({ challenge: z.string().default(''), consent_challenge: z.string().default('') });

/** The challenge that the browser brings, of either kind; empty where there is none. */
export function consentChallengeOf(request: FastifyRequest): string {
  const { challenge, consent_challenge: consentChallenge } = parse(querySchema, request.query);
  return consentChallenge !== '' ? consentChallenge : challenge;
}

/** What the browser brings decides: a consent challenge of today, or a signed one of 0.9. */
export async function readConsentArrival(
  context: AppContext,
  request: FastifyRequest,
  session: Session | undefined,
): Promise<ConsentArrival> {
  const { challenge, consent_challenge: consentChallenge } = parse(querySchema, request.query);
  if (consentChallenge !== '') return readConsentChallenge(context, consentChallenge, session);
  if (challenge !== '') return readConsentOfJwtFlow(context, challenge, session);
  throw badRequest('missingChallenge');
}
