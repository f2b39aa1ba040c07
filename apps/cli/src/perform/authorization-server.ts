import { joinUrl } from '../authentication.js';
import type { CommandCall } from '../command.js';
import { members } from '../json.js';
import { CommandError, errorText, printable, UsageError } from '../terminal.js';

/** The authorization server that a grant is performed with, as its metadata (RFC 8414) names it. */
export type AuthorizationServer = {
  readonly issuer: string;
  /** Where the browser goes. */
  readonly authorizationEndpoint: string;
  /** Where the code is redeemed: below the URL by which this machine reaches the server. */
  readonly tokenEndpoint: string;
  /** Its responses carry `iss` (RFC 9207). */
  readonly namesItself: boolean;
};

const loopback = ['localhost', '127.0.0.1', '[::1]'];

/** The server's URL: `--endpoint`, else the cluster URL. Throws UsageError when there is none, or when it is plain http. */
export function serverUrl(call: CommandCall, clusterUrl: string): string {
  const url = call.text('endpoint') || clusterUrl;
  if (url === '') throw new UsageError('no cluster URL is configured: run connect, or give --endpoint');
  refusePlainHttp(call, url);
  return url;
}

/** Refuses to send secrets, codes and tokens in the clear: http is for this machine, or for who skips TLS verification. */
function refusePlainHttp(call: CommandCall, url: string): void {
  if (!URL.canParse(url)) throw new UsageError(`not a URL: ${printable(url)}`);
  const { protocol, hostname } = new URL(url);
  if (protocol === 'https:') return;
  if (protocol !== 'http:') throw new UsageError(`neither https nor http: ${printable(url)}`);
  if (loopback.includes(hostname) || call.has('skip-tls-verify')) return;
  throw new UsageError(`${printable(url)} is plain http, which anybody on the way can read; use https`);
}

/** Reads the server's metadata. Throws CommandError when that cannot be had or says nonsense. */
export async function readAuthorizationServer(call: CommandCall, server: string): Promise<AuthorizationServer> {
  const http = await call.http();
  const url = joinUrl(server, ['.well-known', 'openid-configuration']);
  const metadata = await http({ method: 'GET', url, headers: { Accept: 'application/json' } })
    .then(({ status, body }) => {
      if (status !== 200) throw new Error(`Expected status code 200, got ${status}.`);
      return members(JSON.parse(body));
    })
    .catch((error: unknown) => {
      throw new CommandError(`Could not read the metadata of the authorization server: ${errorText(error)}`);
    });
  const text = (name: string): string => (typeof metadata[name] === 'string' ? metadata[name] : '');
  const [issuer, authorizationEndpoint] = [text('issuer'), text('authorization_endpoint')];
  if (issuer === '' || authorizationEndpoint === '') {
    throw new CommandError(`The metadata at ${printable(url)} names no issuer or no authorization endpoint.`);
  }
  refusePlainHttp(call, issuer);
  refusePlainHttp(call, authorizationEndpoint);
  return {
    issuer,
    authorizationEndpoint,
    tokenEndpoint: joinUrl(server, ['oauth2', 'token']),
    namesItself: metadata['authorization_response_iss_parameter_supported'] === true,
  };
}
