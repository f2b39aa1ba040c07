import type { OpenIdContext } from '@castellan/sdk/login-consent';
import { type AuthenticationRequest, readAuthenticationRequest } from '../authentication-request.js';

/**
 * What a request of the challenge API asks of the pages: its authorization URL holds the parameters, unless they came in
 * a request object or by PAR; what the authorization server says of them precedes.
 */
export function requestOf({
  oidc_context: openid,
  request_url: url,
}: {
  readonly oidc_context?: OpenIdContext | null;
  readonly request_url?: string;
}): AuthenticationRequest {
  const query = url !== undefined && URL.canParse(url) ? new URL(url).searchParams : new URLSearchParams();
  const { ui_locales: languages, acr_values: acrValues, display, login_hint: loginHint } = openid ?? {};
  return {
    ...readAuthenticationRequest(query),
    ...((languages?.length ?? 0) > 0 ? { languages: languages ?? [] } : {}),
    ...((acrValues?.length ?? 0) > 0 ? { acrValues: acrValues ?? [] } : {}),
    ...(display !== undefined && display !== '' ? { display } : {}),
    ...(loginHint !== undefined && loginHint !== '' ? { loginHint } : {}),
  };
}
