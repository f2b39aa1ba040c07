import type { ConsentRequest } from '@castellan/sdk/login-consent';
import { z } from 'zod';
import { type AppContext, findUser } from '../app-context.js';
import type { User } from '../connectors/connector.js';
import type { ConsentArrival, ConsentDecision, ConsentPurpose } from '../consent-purpose.js';
import { Failure } from '../failure.js';
import { clientView } from '../pages/client-view.js';
import { claimsOf, KNOWN_CLAIMS } from '../pages/scopes.js';
import { profileSchema, type Session } from '../session/session.js';
import { callChallengeApi } from './challenge-call.js';
import { requestOf } from './oidc-context.js';

/** What this app's own login handed over. */
const contextSchema = z.object({ browser: z.string().optional(), profile: profileSchema.optional() });

/**
 * Reads a consent request. What was decided before and remembered, and what the operator decided for a client, is
 * answered at once; a user who is gone grants nothing.
 */
export async function readConsentChallenge(
  context: AppContext,
  challenge: string,
  session: Session | undefined,
): Promise<ConsentArrival> {
  const call = { resource: 'requests:consent', action: 'get' } as const;
  const consent = await callChallengeApi(context, call, ({ consent }) => consent.get(challenge));
  const handedOver = contextSchema.safeParse(consent.context).data;
  if (handedOver?.browser !== undefined && handedOver.browser !== session?.browser) {
    throw new Failure({ status: 403, key: 'otherBrowser' });
  }
  const user = await findUser(context, consent.subject ?? '', handedOver?.profile);
  if (user === undefined) {
    return { kind: 'answered', redirectTo: await reject(context, challenge, 'The user is not known any more') };
  }
  const purpose = purposeOf(context, challenge, consent, user);
  if (consent.skip !== true && consent.client?.skip_consent !== true) return { kind: 'ask', purpose };
  const { scopes, claims } = purpose;
  return { kind: 'answered', redirectTo: await purpose.allow({ scopes, claims, remember: false }) };
}

function purposeOf(context: AppContext, challenge: string, consent: ConsentRequest, user: User): ConsentPurpose {
  const request = requestOf(consent);
  const client = consent.client ?? {};
  const redirectUris = [
    ...(client.redirect_uris ?? []),
    ...(request.redirectUri === undefined ? [] : [request.redirectUri]),
  ];
  const redirectUri = request.redirectUri ?? onlyOne(client.redirect_uris);
  const notYou = signInUrl(consent.request_url);
  return {
    about: challenge,
    query: `?consent_challenge=${encodeURIComponent(challenge)}`,
    client: clientView(client, context.pages),
    clientId: client.client_id ?? '',
    request: redirectUri === undefined ? request : { ...request, redirectUri },
    redirectUris,
    scopes: consent.requested_scope ?? [],
    claims: request.claims.filter((claim) => KNOWN_CLAIMS.includes(claim)),
    audience: consent.requested_access_token_audience ?? [],
    user,
    mayRemember: true,
    ...(notYou !== undefined ? { notYou: { url: notYou } } : {}),
    allow: (decision) => accept(context, challenge, { consent, user, claims: request.claims }, decision),
    deny: () => reject(context, challenge, 'The resource owner denied the request'),
  };
}

async function accept(
  context: AppContext,
  challenge: string,
  {
    consent,
    user,
    claims,
  }: { readonly consent: ConsentRequest; readonly user: User; readonly claims: readonly string[] },
  decision: ConsentDecision,
): Promise<string> {
  const scopes = (consent.requested_scope ?? []).filter((scope) => decision.scopes.includes(scope));
  const granted = claims.filter((claim) => decision.claims.includes(claim));
  const call = { resource: 'requests:consent', action: 'accept' } as const;
  const answer = await callChallengeApi(context, call, ({ consent: requests }) =>
    requests.accept(challenge, {
      grant_scope: scopes,
      grant_access_token_audience: consent.requested_access_token_audience ?? [],
      session: { access_token: {}, id_token: claimsOf(user, scopes, granted) },
      ...(decision.remember ? { remember: true, remember_for: context.rememberSeconds.consent } : {}),
    }),
  );
  return context.redirectTargets.verify(answer.redirect_to);
}

async function reject(context: AppContext, challenge: string, description: string): Promise<string> {
  const call = { resource: 'requests:consent', action: 'reject' } as const;
  const answer = await callChallengeApi(context, call, ({ consent }) =>
    consent.reject(challenge, { error: 'access_denied', error_description: description, status_code: 403 }),
  );
  return context.redirectTargets.verify(answer.redirect_to);
}

/** The same authorization request with a login; none where its parameters stand in a request object. */
function signInUrl(requestUrl: string | undefined): string | undefined {
  if (requestUrl === undefined || !URL.canParse(requestUrl)) return undefined;
  const url = new URL(requestUrl);
  if (!/^https?:$/.test(url.protocol) || url.searchParams.has('request') || url.searchParams.has('request_uri')) {
    return undefined;
  }
  url.searchParams.set('prompt', 'login');
  return url.href;
}

function onlyOne(uris: readonly string[] | null | undefined): string | undefined {
  return uris?.length === 1 ? uris[0] : undefined;
}
