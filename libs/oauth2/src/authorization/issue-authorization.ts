import type { StoredClient } from '../client-store.js';
import type { ConsentDecision } from '../consent/response.js';
import { OAuth2Error } from '../errors.js';
import type { Grant } from '../grant.js';
import { mintIdToken } from '../id-token.js';
import { formatScope } from '../scope.js';
import { issueAccessToken } from '../token/access-token-jwt.js';
import { aimAt } from '../token/resource.js';
import { expiresIn, mintAuthorizationCode, mintFor, newFamily } from '../token/mint.js';
import type { NewConsent } from '../interaction/consent-store.js';
import type { PendingAuthorizationRequest } from './authorization-request-store.js';
import type { AuthorizationTools } from './flow.js';
import type { ChosenRedirectUri } from './redirect-uri.js';
import type { ValidRequest } from './request.js';
import { type AuthorizationResponse, successResponse } from './response.js';

/** A pending request and the decision that completes it. */
export type DecidedRequest = {
  readonly pending: PendingAuthorizationRequest;
  readonly client: StoredClient;
  readonly decision: ConsentDecision;
  readonly request: ValidRequest;
  readonly redirect: ChosenRedirectUri;
  /** The consent to keep with it. */
  readonly consent?: Omit<NewConsent, 'lifetimeMs'>;
};

/**
 * Issues what the response type asks for and answers the authorization response. The ID token is signed
 * before the request is burnt, so that a failure there costs nothing; burning it and storing what it buys are one step.
 *
 * @throws OAuth2Error `access_denied` when another decision was faster, or when nothing of the response was granted
 */
export async function issueAuthorization(
  decided: DecidedRequest,
  tools: AuthorizationTools,
): Promise<AuthorizationResponse> {
  const { request, redirect, pending } = decided;
  const { responseType } = request;
  const { settings } = tools;
  const asked = grantOf(decided);
  const granted = {
    scopes: asked.scopes,
    mint: mintFor(tools.mint, decided.client.client, responseType.code ? 'authorization_code' : 'implicit'),
    unregistered: request.namedAudience,
  };
  const { mint, scopes, unregistered } = await aimAt(asked.audience, granted, tools.resourceServers);
  const grant: Grant = { ...asked, ...(unregistered.length > 0 ? { unregisteredAudience: unregistered } : {}) };
  const family = newFamily(mint, grant);
  const code = responseType.code
    ? mintAuthorizationCode(mint, {
        redirectUri: redirect.uri,
        redirectUriGiven: redirect.given,
        ...(request.codeChallenge !== undefined ? { codeChallenge: request.codeChallenge } : {}),
      })
    : undefined;
  const accessToken = responseType.token
    ? await issueAccessToken(tools, {
        mint,
        issuer: settings.issuer,
        client: decided.client,
        grant: { ...grant, scopes },
        kind: responseType.code ? 'authorization_code' : 'implicit',
        family: { key: family.key, expiresAt: family.expiresAt },
      })
    : undefined;
  const idToken = returnsIdToken(decided)
    ? await mintIdToken(tools, {
        grant,
        client: decided.client.client,
        issuer: settings.issuer,
        now: mint.now(),
        lifetimeMs: mint.lifetimes.idTokenMs,
        ...(accessToken !== undefined ? { accessToken: accessToken.text } : {}),
        ...(code !== undefined ? { code: code.text } : {}),
        ...(request.nonce !== undefined ? { nonce: request.nonce } : {}),
      })
    : undefined;
  const burnt = await tools.requests.complete(pending.id, {
    family,
    ...(code !== undefined ? { code: code.row } : {}),
    ...(accessToken?.row !== undefined ? { accessToken: accessToken.row } : {}),
    ...(decided.consent !== undefined ? { consent: withLifetime(decided.consent, family.expiresAt - mint.now()) } : {}),
  });
  if (burnt === 'lost') throw new OAuth2Error('access_denied', 'the request is decided or expired');
  return successResponse(
    { redirectUri: redirect.uri, mode: request.responseMode, state: request.state, issuer: settings.issuer },
    {
      code: code?.text,
      accessToken: accessToken?.text,
      expiresIn: accessToken === undefined ? undefined : expiresIn(accessToken.lifetimeMs),
      idToken,
      scope:
        accessToken !== undefined || responseType.name === 'code'
          ? formatScope(accessToken !== undefined ? scopes : grant.scopes)
          : undefined,
    },
  );
}

function grantOf({ pending, decision, request }: DecidedRequest): Grant {
  return {
    clientId: pending.clientId,
    clientUid: pending.clientUid,
    subject: decision.subject,
    scopes: decision.scopes,
    audience: decision.audience ?? request.resources,
    accessTokenExtra: decision.accessTokenExtra,
    idTokenExtra: decision.idTokenExtra,
    authTime: decision.authTime,
    ...(request.nonce !== undefined ? { nonce: request.nonce } : {}),
    ...(decision.sid !== undefined ? { sid: decision.sid } : {}),
    ...(decision.consentId !== undefined ? { consentId: decision.consentId } : {}),
    ...(decision.subjectIdentifier !== undefined ? { subjectIdentifier: decision.subjectIdentifier } : {}),
    ...(request.claims.userinfo.size > 0 ? { userinfoClaims: [...request.claims.userinfo.keys()] } : {}),
  };
}

/** A remembered consent lives as long as it shall; another is listed as long as its grant may go on. */
function withLifetime(consent: Omit<NewConsent, 'lifetimeMs'>, familyMs: number): NewConsent {
  if (!consent.remembered) return { ...consent, lifetimeMs: familyMs };
  return consent.rememberFor === 0 ? consent : { ...consent, lifetimeMs: consent.rememberFor * 1000 };
}

/** Without `openid` granted there is no ID token; a response type that then has no code either has failed. */
function returnsIdToken({ decision, request }: DecidedRequest): boolean {
  const { responseType } = request;
  if (!responseType.idToken) return false;
  if (decision.scopes.includes('openid')) return true;
  if (responseType.code) return false;
  throw new OAuth2Error('access_denied', "the resource owner did not grant 'openid'");
}
