import { flag, list, text, type CommandCall, type Flag } from '../command.js';
import { UsageError } from '../terminal.js';
import { readJsonObject, readKeySet } from './json-flags.js';

/** How the value of a flag becomes the value of a member. */
type Kind = 'text' | 'list' | 'words' | 'switch' | 'seconds' | 'duration' | 'object' | 'keys';

/** A member of a client by the name of RFC 7591 or of Hydra, and the flag that gives it. */
type ClientFlag = {
  readonly member: string;
  readonly kind: Kind;
  readonly flags: string;
  /** The flag by which Hydra 0.9 knew it; creating a client has both. */
  readonly formerly?: string;
  readonly description: string;
};

function row(member: string, kind: Kind, flags: string, description: string, formerly?: string): ClientFlag {
  return { member, kind, flags, description, ...(formerly !== undefined ? { formerly } : {}) };
}

const lifespans = [
  'authorization_code_grant_access_token',
  'authorization_code_grant_id_token',
  'authorization_code_grant_refresh_token',
  'client_credentials_grant_access_token',
  'implicit_grant_access_token',
  'implicit_grant_id_token',
  'refresh_token_grant_access_token',
  'refresh_token_grant_id_token',
  'refresh_token_grant_refresh_token',
].map((name) => {
  const words = name.replaceAll('_', ' ').replace('grant ', 'grant: ');
  return row(
    `${name}_lifespan`,
    'duration',
    `--${name.replaceAll('_', '-')}-lifespan <duration>`,
    `${words} lives so long`,
  );
});

/** Every member that a client can be given, but for its ID and its secret. */
export const clientFlags: readonly ClientFlag[] = [
  row('client_name', 'text', '-n, --name <name>', 'name of the client'),
  row('redirect_uris', 'list', '--redirect-uri <urls>', 'redirect URIs', '-c, --callbacks <urls>'),
  row('grant_types', 'list', '--grant-type <types>', 'grant types', '-g, --grant-types <types>'),
  row('response_types', 'list', '--response-type <types>', 'response types', '-r, --response-types <types>'),
  row('scope', 'words', '--scope <scopes>', 'scopes the client may ask for', '-a, --allowed-scopes <scopes>'),
  row('audience', 'list', '--audience <uris>', 'resources it may ask tokens for (RFC 8707)'),
  row('owner', 'text', '--owner <owner>', 'owner of the client, as policies see it'),
  row('client_uri', 'text', '--client-uri <url>', 'home page of the client'),
  row('logo_uri', 'text', '--logo-uri <url>', 'logo of the client'),
  row('policy_uri', 'text', '--policy-uri <url>', 'privacy policy of the client'),
  row('tos_uri', 'text', '--tos-uri <url>', 'terms of service of the client'),
  row('contacts', 'list', '--contact <contacts>', 'who answers for the client, such as mail addresses'),
  row('metadata', 'object', '--metadata <json>', 'what the operator notes about the client, a JSON object'),
  row(
    'token_endpoint_auth_method',
    'text',
    '--token-endpoint-auth-method <method>',
    'client_secret_basic, client_secret_post, private_key_jwt or none (a public client)',
  ),
  row(
    'token_endpoint_auth_signing_alg',
    'text',
    '--token-endpoint-auth-signing-alg <algorithm>',
    'the one algorithm of its client assertions',
  ),
  row('jwks', 'keys', '--jwks <file>', 'its public keys: a file with a JWK Set, or one JWK'),
  row('jwks_uri', 'text', '--jwks-uri <url>', 'where its public keys are published'),
  row('require_pkce', 'switch', '--require-pkce', 'PKCE is demanded of the client'),
  row('access_token_strategy', 'text', '--access-token-strategy <format>', 'opaque, jwt or stateless-jwt'),
  row('subject_type', 'text', '--subject-type <type>', 'public or pairwise'),
  row(
    'sector_identifier_uri',
    'text',
    '--sector-identifier-uri <url>',
    'where the redirect URIs of its sector are listed',
  ),
  row('application_type', 'text', '--application-type <type>', 'web or native'),
  row(
    'id_token_signed_response_alg',
    'text',
    '--id-token-signed-response-alg <algorithm>',
    'algorithm of its ID tokens',
  ),
  row(
    'userinfo_signed_response_alg',
    'text',
    '--userinfo-signed-response-alg <algorithm>',
    'algorithm of its userinfo; plain JSON when absent',
  ),
  row('default_max_age', 'seconds', '--default-max-age <seconds>', 'max_age of requests that have none'),
  row('default_acr_values', 'list', '--default-acr-values <values>', 'acr_values of requests that have none'),
  row('initiate_login_uri', 'text', '--initiate-login-uri <url>', 'where a login may be started for it'),
  row('request_uris', 'list', '--request-uri <urls>', 'where its request objects are'),
  row(
    'request_object_signing_alg',
    'text',
    '--request-object-signing-alg <algorithm>',
    'algorithm of its request objects',
  ),
  row('skip_consent', 'switch', '--skip-consent', 'the consent app need not ask its users'),
  row('login_consent_flow', 'text', '--login-consent-flow <flow>', 'jwt, consent-request or challenge'),
  row(
    'post_logout_redirect_uris',
    'list',
    '--post-logout-callback <urls>',
    'where a browser may be sent after a logout',
    '--post-logout-callbacks <urls>',
  ),
  row('backchannel_logout_uri', 'text', '--backchannel-logout-callback <url>', 'where logout tokens are posted'),
  row(
    'backchannel_logout_session_required',
    'switch',
    '--backchannel-logout-session-required',
    'the client needs sid in its logout tokens',
  ),
  row(
    'frontchannel_logout_uri',
    'text',
    '--frontchannel-logout-callback <url>',
    'what the browser loads in a frame at a logout',
  ),
  row(
    'frontchannel_logout_session_required',
    'switch',
    '--frontchannel-logout-session-required',
    'the client needs iss and sid in the query of that frame',
  ),
  row(
    'skip_logout_consent',
    'switch',
    '--skip-logout-consent',
    'a logout that the client starts with a valid hint needs no confirmation',
  ),
  ...lifespans,
];

/** The flags that give these members; `former` adds those of Hydra 0.9 with its defaults. */
export function flagsOfClients(former: boolean): readonly Flag[] {
  const standards: { readonly [member: string]: readonly string[] } = {
    grant_types: ['authorization_code'],
    response_types: ['code'],
  };
  return clientFlags.flatMap((one) => {
    const flags = [declared(one.kind, one.flags, one.description)];
    if (!former || one.formerly === undefined) return flags;
    const name = /--[a-z-]+/.exec(one.flags)?.[0] ?? '';
    return [...flags, list(one.formerly, `the same as ${name}`, standards[one.member])];
  });
}

function declared(kind: Kind, flags: string, description: string): Flag {
  if (kind === 'switch') return { ...flag(flags, description), negatable: true };
  return kind === 'list' || kind === 'words' ? list(flags, description) : text(flags, description);
}

/** The members whose flags stand on the command line. Throws UsageError for a value that cannot be one. */
export async function membersGiven(call: CommandCall): Promise<Readonly<Record<string, unknown>>> {
  const given: Record<string, unknown> = {};
  for (const one of clientFlags) {
    const names = [one.flags, one.formerly ?? ''].map((flags) => /--([a-z-]+)/.exec(flags)?.[1] ?? '');
    const used = names.filter((name) => name !== '' && call.isGiven(name));
    if (used.length > 1) throw new UsageError(`--${used.join(' and --')} say the same; give one of them`);
    const [name] = used;
    if (name !== undefined) given[one.member] = await valueOf(call, one.kind, name);
  }
  return given;
}

async function valueOf(call: CommandCall, kind: Kind, name: string): Promise<unknown> {
  switch (kind) {
    case 'list':
      return call.list(name);
    case 'words':
      return call.list(name).join(' ');
    case 'switch':
      return call.has(name);
    case 'seconds':
      return seconds(call.text(name), name);
    case 'object':
      return call.text(name) === '' ? {} : readJsonObject(call.text(name), name);
    case 'keys':
      return call.text(name) === '' ? {} : readKeySet(call.text(name));
    case 'duration':
      // A lifetime that is removed is the server's to decide again.
      return call.text(name) === '' ? null : call.text(name);
    case 'text':
      return call.text(name);
  }
}

function seconds(given: string, name: string): number | null {
  if (given === '') return null;
  if (!/^\d{1,10}$/.test(given)) throw new UsageError(`--${name} is not a number of seconds: ${given}`);
  return Number(given);
}
