import { isObject, type Jwk, JwsError, parseStrictObject, StrictJsonError, verifyJwt } from '@castellan/jwk';
import type { Client } from '../client.js';
import { clientAssertionAlgorithms } from '../client-assertion.js';
import type { ClientKeys } from '../client-keys.js';
import { OAuth2Error } from '../errors.js';
import type { JsonObject } from '../grant.js';
import { OutboundError, type OutboundFetch } from '../outbound.js';
import { type ParameterMap, parseParameters } from '../parameters.js';

/** What request objects by reference are read with. */
export type RequestUriTools = {
  readonly fetch: OutboundFetch;
  readonly keys: ClientKeys;
  /**
   * Unsigned ones are taken (rulings 36): of clients registered with `request_object_signing_alg` none, or without one,
   * which leaves the choice to the request (OpenID Connect Dynamic Client Registration 1.0 section 2).
   */
  readonly unsigned: boolean;
};

const maxLength = 32 * 1024;
/** Seconds by which clocks may differ. */
const leeway = 30;
/** Of the JWT itself (RFC 7519 section 4.1). */
const jwtClaims = new Set(['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti']);
/** What no request object may say: it is no request object's to say, or ours alone. */
const refusedMembers = new Set([
  'request',
  'request_uri',
  'registration',
  'consent',
  'client_secret',
  'client_assertion',
]);

/** Algorithms of request objects, as the metadata document lists them. */
export function requestObjectAlgorithms(unsigned: boolean): readonly string[] {
  return unsigned ? [...clientAssertionAlgorithms, 'none'] : clientAssertionAlgorithms;
}

/**
 * The parameters of a request whose `request_uri` was registered by its client, with those of the object behind it in
 * the place of equal ones (OpenID Connect Core section 6.2). Without registered URIs the parameters stay as they are,
 * and are refused by the rules.
 *
 * @throws OAuth2Error `invalid_request_uri`, `invalid_request_object`
 */
export async function readRequestUri(
  given: ParameterMap,
  client: Client,
  tools: RequestUriTools & { readonly issuer: string; readonly now: () => number },
): Promise<ParameterMap> {
  const uri = given.get('request_uri');
  const registered = client.openid?.requestUris ?? [];
  if (uri === undefined || registered.length === 0 || given.has('request')) return given;
  if (!registered.includes(uri)) {
    throw new OAuth2Error('invalid_request_uri', 'the request_uri is none of those registered for this client');
  }
  const object = await fetchObject(uri, tools.fetch);
  const claims = await verifiedClaims(object, client, tools);
  checkClaims(claims, given, { client, issuer: tools.issuer, now: Math.floor(tools.now() / 1000) });
  const inside = parseParameters(Object.entries(claims).flatMap(([name, value]) => readMember(name, value)));
  const outside = [...given].filter(([name]) => name !== 'request_uri');
  return new Map([...outside, ...inside]);
}

async function fetchObject(uri: string, fetch: OutboundFetch): Promise<string> {
  try {
    // A fragment only tells apart versions of the object (OpenID Connect Core section 6.2).
    const { status, body } = await fetch(uri.split('#', 1)[0] ?? '');
    if (status === 200 && body.length <= maxLength) return body.trim();
  } catch (cause) {
    if (!(cause instanceof OutboundError)) throw cause;
  }
  throw new OAuth2Error('invalid_request_uri', 'the request object could not be fetched');
}

async function verifiedClaims(
  object: string,
  client: Client,
  { keys, unsigned }: RequestUriTools,
): Promise<JsonObject> {
  const algorithm = client.openid?.requestObjectSigningAlg;
  if (algorithm === 'none' && !unsigned) return refuse('unsigned request objects are not accepted');
  if (algorithm === 'none' || (algorithm === undefined && unsigned && isUnsigned(object)))
    return unsignedClaims(object);
  const known = await keys.of(client, 'cached');
  const claims = signedClaims(object, known, algorithm);
  if (claims !== undefined) return claims;
  const renewed = await keys.of(client, 'renewed');
  return signedClaims(object, renewed, algorithm) ?? refuse('the signature fits no key of the client');
}

/** The claims of a signed object; undefined when no known key fits. */
function signedClaims(object: string, keys: readonly Jwk[], algorithm: string | undefined): JsonObject | undefined {
  const algorithms = algorithm === undefined ? clientAssertionAlgorithms : [algorithm];
  try {
    const { header, claims } = verifyJwt(object, keys, { algorithms, maxLength });
    const { typ } = header;
    const fits = typ === undefined || /^(?:application\/)?(?:jwt|oauth-authz-req\+jwt)$/i.test(String(typ));
    return fits ? claims : refuse('it is another kind of JWT');
  } catch (cause) {
    if (!(cause instanceof JwsError)) throw cause;
    return cause.code === 'key' || cause.code === 'signature'
      ? undefined
      : refuse(`the JWT is refused (${cause.code})`);
  }
}

function isUnsigned(object: string): boolean {
  return object.endsWith('.');
}

function unsignedClaims(object: string): JsonObject {
  const [header = '', payload = '', signature, ...more] = object.split('.');
  if (signature !== '' || more.length > 0) return refuse('it must be an unsigned JWT');
  try {
    const decode = (part: string): JsonObject => parseStrictObject(Buffer.from(part, 'base64url'));
    return decode(header)['alg'] === 'none' ? decode(payload) : refuse('it must be an unsigned JWT');
  } catch (cause) {
    if (cause instanceof StrictJsonError) return refuse(`it is ${cause.message}`);
    throw cause;
  }
}

function checkClaims(
  claims: JsonObject,
  given: ParameterMap,
  { client, issuer, now }: { readonly client: Client; readonly issuer: string; readonly now: number },
): void {
  const { iss, aud, exp, nbf, client_id: clientId, response_type: responseType } = claims;
  const audience: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  if (iss !== undefined && iss !== client.id) refuse('iss must be the client id');
  if (aud !== undefined && !audience.includes(issuer)) refuse('aud must be the issuer');
  if (exp !== undefined && !(typeof exp === 'number' && exp + leeway > now)) refuse('it is expired');
  if (nbf !== undefined && !(typeof nbf === 'number' && nbf - leeway <= now)) refuse('nbf is in the future');
  if (clientId !== undefined && clientId !== client.id) refuse('client_id is not that of the request');
  const asked = given.get('response_type');
  if (asked !== undefined && responseType !== undefined && responseType !== asked) {
    refuse('response_type is not that of the request');
  }
}

function readMember(name: string, value: unknown): readonly { readonly name: string; readonly value: string }[] {
  if (jwtClaims.has(name)) return [];
  if (refusedMembers.has(name)) return refuse(`${name.slice(0, 32)} may not be in it`);
  if (typeof value === 'string') return [{ name, value }];
  if (name === 'max_age' && typeof value === 'number') return [{ name, value: String(value) }];
  if (name === 'claims' && isObject(value)) return [{ name, value: JSON.stringify(value) }];
  return refuse('its members must be strings');
}

function refuse(hint: string): never {
  throw new OAuth2Error('invalid_request_object', `the request object: ${hint}`);
}
