import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { AppContext } from './app-context.js';
import { readConsentChallenge } from './challenge-flow/consent-challenge.js';
import type { ConsentArrival } from './consent-purpose.js';
import { badRequest } from './failure.js';
import { readConsentOfJwtFlow } from './jwt-flow/consent.js';
import { parse } from './request-fields.js';
import type { Session } from './session/session.js';

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
