import { basicCredentials } from './basic-credentials.js';
import type { CliConfig } from './config-file.js';
import type { HttpClient } from './http-client.js';
import { members } from './json.js';
import { CommandError, errorText, printable } from './terminal.js';

/**
 * Gets an access token by the client credentials grant with scope `hydra`, which covers every admin scope. Throws an Error with the
 * server's answer when it refuses.
 */
export async function fetchAccessToken(http: HttpClient, config: CliConfig): Promise<string> {
  if (config.clusterUrl === '') throw new Error('no cluster URL is configured');
  const answer = await http({
    method: 'POST',
    url: joinUrl(config.clusterUrl, ['oauth2', 'token']),
    headers: {
      Accept: 'application/json',
      Authorization: basicCredentials(config.clientId, config.clientSecret),
      'Content-Type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'hydra' }).toString(),
  });
  if (answer.status < 200 || answer.status > 299) {
    throw new Error(`oauth2: cannot fetch token: ${answer.status}\nResponse: ${printable(answer.body).trimEnd()}`);
  }
  const token = accessTokenOf(answer.body);
  if (token === undefined) throw new Error('oauth2: server response missing access_token');
  return token;
}

/** The failure of an API command that could not authenticate, with the two hints, on stdout as in 2017. */
export function authenticationFailure(error: unknown, programName: string): CommandError {
  const lines = [
    `Could not authenticate, because: ${errorText(error)}`,
    `This can have multiple reasons, like a wrong cluster or wrong credentials. To resolve this, run \`${programName} connect\`.`,
    "You can trust the server's certificate with the `--tls-ca-file` flag, or disable TLS verification using the `--skip-tls-verify` flag.",
  ];
  return new CommandError(lines.join('\n'), { stream: 'stdout' });
}

/** Appends path segments to a base URL, keeping its path prefix. Every segment is percent-encoded, so that an id stays one segment. */
export function joinUrl(
  base: string,
  segments: readonly string[],
  query: Readonly<Record<string, string>> = {},
): string {
  const path = segments.map((segment) => `/${encodeSegment(segment)}`).join('');
  const search = new URLSearchParams(query).toString();
  return base.replace(/\/+$/, '') + path + (search !== '' ? `?${search}` : '');
}

function encodeSegment(segment: string): string {
  // Dots alone would be taken for the current or the parent folder on the way.
  if (segment === '.' || segment === '..') return segment.replaceAll('.', '%2E');
  return encodeURIComponent(segment);
}

function accessTokenOf(body: string): string | undefined {
  try {
    const token = members(JSON.parse(body))['access_token'];
    return typeof token === 'string' && token !== '' ? printable(token) : undefined;
  } catch {
    return undefined;
  }
}
