import { joinUrl } from '../authentication.js';
import type { HttpClient } from '../http-client.js';
import { members } from '../json.js';

/**
 * Judges the `iss` parameter of an authorization response (RFC 9207): it must name the authorization server whose token endpoint
 * the code will be sent to. The server's own name may differ from the host it is reached by, so its metadata is asked when the URLs
 * do not show it.
 */
export async function isExpectedIssuer(
  http: HttpClient,
  issuer: string,
  endpoints: { readonly authorization: string; readonly token: string },
): Promise<boolean> {
  const bases = [baseOf(endpoints.token), baseOf(endpoints.authorization)];
  if (bases.includes(withoutSlash(issuer))) return true;
  const base = bases[0];
  if (base === undefined) return false;
  try {
    const answer = await http({ method: 'GET', url: joinUrl(base, ['.well-known', 'openid-configuration']) });
    const named = members(JSON.parse(answer.body))['issuer'];
    return answer.status === 200 && typeof named === 'string' && withoutSlash(named) === withoutSlash(issuer);
  } catch {
    return false;
  }
}

function baseOf(endpoint: string): string | undefined {
  return /^(.*?)\/+oauth2\/(?:auth|token)\/?(?:\?.*)?$/.exec(endpoint)?.[1];
}

function withoutSlash(url: string): string {
  return url.replace(/\/$/, '');
}
