import { createHash } from 'node:crypto';
import * as openid from 'openid-client';
import { z } from 'zod';
import type { HttpClient } from '../http-client.js';
import { AuthenticationRefused, type Authentication, type LoginHints, type RedirectConnector } from './connector.js';

/** An OpenID provider that this app lets people sign in with. */
export type UpstreamProvider = {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope: string;
  /** What the button says. */
  readonly label: string;
};

const claimsSchema = z.object({
  sub: z.string().min(1).max(255),
  acr: z.string().max(200).optional(),
  amr: z.array(z.string().max(64)).max(16).optional(),
  name: z.string().optional().catch(undefined),
  nickname: z.string().optional().catch(undefined),
  preferred_username: z.string().optional().catch(undefined),
  email: z.string().optional().catch(undefined),
  email_verified: z.boolean().optional().catch(undefined),
});

/**
 * Signs people in at another OpenID provider: authorization code with PKCE, state and nonce (RFC 9700 section 2.1.1), the
 * provider's `iss` checked where it sends one (RFC 9207). A subject is made of the provider's issuer and its `sub`, behind
 * a prefix that no other connector uses.
 */
export function createUpstreamConnector(provider: UpstreamProvider, http: HttpClient): RedirectConnector {
  const prefix = subjectPrefix(provider.issuer);
  let discovered: Promise<openid.Configuration> | undefined;

  /** Reads the provider's metadata once; after a failure it is asked again. */
  function configuration(): Promise<openid.Configuration> {
    discovered ??= discover(provider, http);
    discovered.catch(() => (discovered = undefined));
    return discovered;
  }

  return {
    kind: 'redirect',
    label: provider.label,
    isOwn: (subject) => subject.startsWith(prefix),
    async begin(hints, callbackUrl) {
      const config = await configuration();
      const [state, nonce, codeVerifier] = [
        openid.randomState(),
        openid.randomNonce(),
        openid.randomPKCECodeVerifier(),
      ];
      const url = openid.buildAuthorizationUrl(config, {
        redirect_uri: callbackUrl,
        response_type: 'code',
        scope: provider.scope,
        state,
        nonce,
        code_challenge: await openid.calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: 'S256',
        ...parametersOf(hints),
      });
      const { maxAgeSeconds: maxAge } = hints;
      return { url: url.href, kept: { state, nonce, codeVerifier, ...(maxAge !== undefined ? { maxAge } : {}) } };
    },
    async finish(answerUrl, { state, nonce, codeVerifier, maxAge }) {
      const config = await configuration();
      const tokens = await openid
        .authorizationCodeGrant(config, answerUrl, {
          expectedState: state,
          expectedNonce: nonce,
          pkceCodeVerifier: codeVerifier,
          idTokenExpected: true,
          ...(maxAge !== undefined ? { maxAge } : {}),
        })
        .catch((cause: unknown) => {
          throw new AuthenticationRefused('the upstream provider signed nobody in', { cause });
        });
      const claims = { ...tokens.claims(), ...(await userinfoOf(config, tokens)) };
      const parsed = claimsSchema.safeParse(claims);
      if (!parsed.success) throw new AuthenticationRefused('the upstream provider sent claims that are no claims');
      return toAuthentication(parsed.data, prefix);
    },
  };
}

/** Begins every subject of a provider: two providers cannot speak for each other's users, nor for local ones. */
export function subjectPrefix(issuer: string): string {
  return `upstream:${createHash('sha256').update(issuer).digest('base64url').slice(0, 12)}:`;
}

async function discover(provider: UpstreamProvider, http: HttpClient): Promise<openid.Configuration> {
  const { issuer, clientId, clientSecret } = provider;
  const isPlain = issuer.startsWith('http:');
  const customFetch: openid.CustomFetch = (url, { method, headers, body, signal }) =>
    http.fetch(url, { method, headers, body, ...(signal instanceof AbortSignal ? { signal } : {}) });
  return openid.discovery(new URL(issuer), clientId, clientSecret, undefined, {
    [openid.customFetch]: customFetch,
    timeout: 5,
    // Only a provider on this machine may be reached without TLS (consent.config.ts).
    ...(isPlain ? { execute: [openid.allowInsecureRequests] } : {}),
  });
}

/** What the authorization request asks of the login is asked of whoever does it. */
function parametersOf(hints: LoginHints): Record<string, string> {
  const prompts = hints.prompts.filter((prompt) => prompt === 'login' || prompt === 'select_account');
  const values: Record<string, string | undefined> = {
    login_hint: hints.loginHint,
    acr_values: hints.acrValues.join(' '),
    ui_locales: hints.languages.join(' '),
    display: hints.display,
    prompt: prompts.join(' '),
    max_age: hints.maxAgeSeconds?.toString(),
  };
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== ''),
  );
}

/** Claims that the provider keeps for its userinfo endpoint (OpenID Connect Core section 5.3.2); `sub` must be the same. */
async function userinfoOf(
  config: openid.Configuration,
  tokens: Awaited<ReturnType<typeof openid.authorizationCodeGrant>>,
): Promise<Record<string, unknown>> {
  const subject = tokens.claims()?.sub;
  if (subject === undefined || config.serverMetadata().userinfo_endpoint === undefined) return {};
  const { name, nickname, preferred_username, email, email_verified } = await openid
    .fetchUserInfo(config, tokens.access_token, subject)
    .catch((cause: unknown) => {
      throw new AuthenticationRefused('the upstream provider does not say who signed in', { cause });
    });
  const claims = { name, nickname, preferred_username, email, email_verified };
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined));
}

function toAuthentication(claims: z.infer<typeof claimsSchema>, prefix: string): Authentication {
  const { sub, acr, amr, name, nickname, preferred_username: username, email, email_verified: verified } = claims;
  const short = (text: string | undefined): string => (text ?? '').slice(0, 256);
  return {
    user: {
      subject: prefix + sub,
      name: short(name ?? nickname ?? username ?? email ?? sub),
      nickname: short(nickname ?? username),
      email: short(email),
      emailVerified: verified === true && email !== undefined,
    },
    amr: amr ?? [],
    ...(acr !== undefined ? { acr } : {}),
  };
}
