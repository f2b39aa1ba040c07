import { errors, importJWK, type JWK, jwtVerify } from 'jose';
import { z } from 'zod';
import type { AppContext } from '../app-context.js';
import { type AuthenticationRequest, readAuthenticationRequest } from '../authentication-request.js';
import { badRequest, type Failure } from '../failure.js';

/** A verified consent challenge: what a client asks for, and where the answer goes. */
export type Challenge = {
  readonly id: string;
  readonly clientId: string;
  readonly requestedScopes: readonly string[];
  /** Seconds since the epoch. */
  readonly expiresAt: number;
  /** Authorization URL that takes the answer in the parameter `consent`. */
  readonly returnTo: string;
  /** The authorization request inside. */
  readonly request: AuthenticationRequest;
};

const LEEWAY_SECONDS = 30;

const claimsSchema = z.object({
  jti: z.string().min(1),
  aud: z.string().min(1),
  exp: z.number(),
  redir: z.url({ protocol: /^https?$/ }),
  // An original server writes null when no scope was requested.
  scp: z.array(z.string().min(1)).nullish(),
});

/**
 * Verifies a challenge JWT against the public key of `hydra.consent.challenge`: RS256, not expired, audience equal
 * to the client of the authorization request inside. Throws a Failure with status 400 that can be shown.
 */
async function verifyChallenge(jwt: string, key: JWK, now: number): Promise<Challenge> {
  const payload = await verifiedPayload(jwt, key, now);
  const parsed = claimsSchema.safeParse(payload);
  if (!parsed.success) throw invalidChallenge();
  const { jti, aud, exp, redir, scp } = parsed.data;
  const request = new URL(redir).searchParams;
  const clientId = request.get('client_id');
  if (clientId !== null && clientId !== aud) throw invalidChallenge();
  return {
    id: jti,
    clientId: aud,
    requestedScopes: [...new Set(scp ?? [])],
    expiresAt: exp,
    returnTo: redir,
    request: readAuthenticationRequest(request),
  };
}

/** Reads and verifies a challenge; throws a Failure that can be shown. */
export async function readChallenge({ keys, now }: AppContext, jwt: string): Promise<Challenge> {
  const key = await keys.getKey('hydra.consent.challenge', 'public');
  return verifyChallenge(jwt, key, now());
}

/** The URL that carries an answer back: a signed consent response, or the word `denied`. */
export function answerUrl(challenge: Challenge, consent: string): string {
  const separator = challenge.returnTo.includes('?') ? '&' : '?';
  return `${challenge.returnTo}${separator}consent=${consent}`;
}

async function verifiedPayload(jwt: string, key: JWK, now: number): Promise<unknown> {
  const publicKey = await importJWK(key, 'RS256');
  try {
    const { payload } = await jwtVerify(jwt, publicKey, {
      algorithms: ['RS256'],
      clockTolerance: LEEWAY_SECONDS,
      currentDate: new Date(now),
    });
    return payload;
  } catch (error) {
    throw error instanceof errors.JWTExpired ? badRequest('challengeExpired') : invalidChallenge();
  }
}

function invalidChallenge(): Failure {
  return badRequest('challengeInvalid');
}
