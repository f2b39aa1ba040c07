import { errors, importJWK, type JWK, jwtVerify } from 'jose';
import { z } from 'zod';
import { badRequest, type Failure } from './failure.js';

/** A verified consent challenge: what a client asks for, and where the answer goes. */
export type Challenge = {
  readonly id: string;
  readonly clientId: string;
  readonly requestedScopes: readonly string[];
  /** Seconds since the epoch. */
  readonly expiresAt: number;
  /** Authorization URL that takes the answer in the parameter `consent`. */
  readonly returnTo: string;
  /** Of the authorization request: where the client gets its answer, and what it asks of the login. */
  readonly redirectUri: string | undefined;
  readonly loginHint: string | undefined;
  readonly maxAgeSeconds: number | undefined;
  readonly promptLogin: boolean;
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
export async function verifyChallenge(jwt: string, key: JWK, now: number): Promise<Challenge> {
  const payload = await verifiedPayload(jwt, key, now);
  const parsed = claimsSchema.safeParse(payload);
  if (!parsed.success) throw invalidChallenge();
  const { jti, aud, exp, redir, scp } = parsed.data;
  const request = new URL(redir).searchParams;
  const clientId = request.get('client_id');
  if (clientId !== null && clientId !== aud) throw invalidChallenge();
  const maxAge = request.get('max_age');
  return {
    id: jti,
    clientId: aud,
    requestedScopes: [...new Set(scp ?? [])],
    expiresAt: exp,
    returnTo: redir,
    redirectUri: request.get('redirect_uri') ?? undefined,
    loginHint: request.get('login_hint') ?? undefined,
    maxAgeSeconds: maxAge !== null && /^\d{1,9}$/.test(maxAge) ? Number(maxAge) : undefined,
    promptLogin: (request.get('prompt') ?? '').split(' ').includes('login'),
  };
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
    if (error instanceof errors.JWTExpired) {
      throw badRequest(
        'This request has expired',
        'You took longer than the authorization server allows.',
        START_AGAIN,
      );
    }
    throw invalidChallenge();
  }
}

const START_AGAIN = 'Go back to the application that sent you here and start again.';

function invalidChallenge(): Failure {
  return badRequest(
    'This request is not valid',
    'It does not come from the authorization server, or it was changed on the way.',
    START_AGAIN,
  );
}
