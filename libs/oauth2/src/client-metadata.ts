import type { Client } from './client.js';
import { clientAssertionAlgorithms } from './client-assertion.js';
import { OAuth2Error } from './errors.js';
import { validateOpenIdRegistration } from './openid-registration.js';
import { type IsAllowedHost, outboundUrlProblem } from './outbound.js';
import { redirectUriProblem } from './redirect-uri.js';
import { formatScope, parseScope } from './scope.js';

/** A client that may be stored, and what its operator should know about it. */
export type ValidatedClient = { readonly client: Client; readonly warnings: readonly string[] };

/** Reads `token_endpoint_auth_method`; empty is undefined. Throws `invalid_client_metadata` for one we do not know. */
export function readAuthMethod(method: string): NonNullable<Client['tokenEndpointAuthMethod']> | undefined {
  switch (method) {
    case '':
      return undefined;
    case 'client_secret_basic':
    case 'client_secret_post':
    case 'private_key_jwt':
    case 'none':
      return method;
    case 'client_secret_jwt':
      throw invalid(
        'client_secret_jwt needs a secret that the server can read again, and it keeps none; use private_key_jwt',
      );
    default:
      throw invalid(
        'token_endpoint_auth_method must be client_secret_basic, client_secret_post, private_key_jwt or none',
      );
  }
}

// Letters, digits and what names of services and accounts use. Resource names are built from escaped parts, and a
// Basic header escapes the colon (RFC 6749 section 2.3.1).
const clientId = /^[A-Za-z0-9._~:@-]{1,255}$/;

/** Whether a text can be a client id: a small alphabet, at most 255 characters, no dot segment of a path. */
export function isClientId(id: string): boolean {
  return clientId.test(id) && id !== '.' && id !== '..';
}

// `password` is listed by the root client of the original; no endpoint serves it.
const grantTypes = new Set(['authorization_code', 'implicit', 'refresh_token', 'client_credentials', 'password']);
const responseTypeWords = new Set(['code', 'token', 'id_token']);
const maxEntries = 100;
const maxTextLength = 1024;
const maxMetadataBytes = 16_384;
// Controls, and the marks that reorder text on a consent page.
const refusedInText =
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffd]|\p{Surrogate}/u;

/**
 * Validates a client before it is stored (RFC 7591 section 2 and 3.2.2). Answers it in its stored form. Throws
 * `invalid_redirect_uri` or `invalid_client_metadata` with a hint that names the member. `isAllowedHost`: hosts of documents
 * that the client names which may be reached although they are not public; none without it.
 */
export function validateClient(client: Client, isAllowedHost?: IsAllowedHost): ValidatedClient {
  const warnings: string[] = [];
  if (!isClientId(client.id)) {
    throw invalid('id must be 1 to 255 characters out of letters, digits and . _ ~ : @ -');
  }
  validateTexts(client);
  validateRedirectUris(client.redirectUris);
  const types = readGrantTypes(client.grantTypes, warnings);
  const responseTypes = readResponseTypes(client.responseTypes);
  validateAuthMethod(client);
  validateKeys(client, isAllowedHost);
  validateOpenIdRegistration(client, isAllowedHost);
  validateOperatorMetadata(client);
  return {
    client: {
      ...client,
      grantTypes: types,
      responseTypes,
      redirectUris: [...new Set(client.redirectUris)],
      scopes: parseScope(formatScope(client.scopes)),
    },
    warnings,
  };
}

function validateTexts(client: Client): void {
  checkText('client_name', client.name);
  checkText('owner', client.owner);
  checkEntries('contacts', client.contacts);
  for (const contact of client.contacts) checkText('contacts', contact);
  const pages = {
    policy_uri: client.policyUri,
    tos_uri: client.tosUri,
    client_uri: client.clientUri,
    logo_uri: client.logoUri,
  };
  for (const [member, uri] of Object.entries(pages)) {
    checkText(member, uri);
    if (uri !== '' && !/^https?:\/\/[^/]/i.test(uri)) throw invalid(`${member} must be an http or https URL`);
    if (uri !== '' && !URL.canParse(uri)) throw invalid(`${member} is not a URL`);
  }
}

function validateOperatorMetadata({ metadata }: Client): void {
  if (metadata !== undefined && Buffer.byteLength(JSON.stringify(metadata)) > maxMetadataBytes) {
    throw invalid(`metadata is longer than ${maxMetadataBytes} bytes`);
  }
}

function checkText(member: string, value: string): void {
  if (value.length > maxTextLength) throw invalid(`${member} is longer than ${maxTextLength} characters`);
  if (refusedInText.test(value)) throw invalid(`${member} holds a control or direction character`);
}

function checkEntries(member: string, entries: readonly string[]): void {
  if (entries.length > maxEntries) throw invalid(`${member} has more than ${maxEntries} entries`);
  if (entries.some((entry) => entry === '')) throw invalid(`${member} has an empty entry`);
}

function validateRedirectUris(uris: readonly string[]): void {
  checkEntries('redirect_uris', uris);
  uris.forEach((uri, index) => {
    const problem = redirectUriProblem(uri);
    if (problem !== undefined) throw new OAuth2Error('invalid_redirect_uri', `redirect_uris[${index}]: ${problem}`);
  });
}

function readGrantTypes(registered: readonly string[], warnings: string[]): readonly string[] {
  checkEntries('grant_types', registered);
  const types = new Set<string>();
  for (const entry of registered) {
    // The 2017 guide calls it so in prose.
    const type = entry === 'authorize_code' ? 'authorization_code' : entry;
    if (type !== entry) warnings.push('the grant type is called authorization_code; authorize_code was read as that');
    if (!grantTypes.has(type))
      throw invalid(`grant_types: unknown grant type; known are ${[...grantTypes].join(', ')}`);
    types.add(type);
  }
  return [...types];
}

function readResponseTypes(registered: readonly string[]): readonly string[] {
  checkEntries('response_types', registered);
  for (const entry of registered) {
    const words = entry.split(' ');
    if (new Set(words).size !== words.length || !words.every((word) => responseTypeWords.has(word))) {
      throw invalid('response_types: each entry is made of the words code, token and id_token, each at most once');
    }
  }
  return [...new Set(registered)];
}

function validateAuthMethod(client: Client): void {
  if (client.tokenEndpointAuthMethod === undefined) return;
  if ((client.tokenEndpointAuthMethod === 'none') !== client.public) {
    throw invalid('token_endpoint_auth_method none belongs to public clients, the others to confidential ones');
  }
}

function validateKeys(
  { jwks, jwksUri, tokenEndpointAuthMethod, tokenEndpointAuthSigningAlg }: Client,
  isAllowedHost?: IsAllowedHost,
): void {
  if (jwks !== undefined && jwksUri !== undefined) throw invalid('jwks and jwks_uri must not both be given');
  const problem = jwksUri === undefined ? undefined : outboundUrlProblem(jwksUri, isAllowedHost);
  if (problem !== undefined) throw invalid(`jwks_uri ${problem}`);
  const asserts = tokenEndpointAuthMethod === 'private_key_jwt';
  if (asserts && jwks === undefined && jwksUri === undefined) throw invalid('private_key_jwt needs jwks or jwks_uri');
  if (tokenEndpointAuthSigningAlg === undefined) return;
  if (!asserts) throw invalid('token_endpoint_auth_signing_alg belongs to private_key_jwt');
  if (!clientAssertionAlgorithms.includes(tokenEndpointAuthSigningAlg)) {
    throw invalid(`token_endpoint_auth_signing_alg must be one of ${clientAssertionAlgorithms.join(', ')}`);
  }
}

function invalid(hint: string): OAuth2Error {
  return new OAuth2Error('invalid_client_metadata', hint);
}
