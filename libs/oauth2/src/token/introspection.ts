import type { CarriedCredentials, ClientAuthentication } from '../client-authentication.js';
import { OAuth2Error } from '../errors.js';
import type { JsonObject, RowKey } from '../grant.js';
import { type ParameterMap, parseParameters } from '../parameters.js';
import { coversScopes, parseScope } from '../scope.js';
import { credentialsOf, type EndpointRequest } from './endpoint.js';
import { type AccessTokenName, type AccessTokenSigner, readAccessToken } from './access-token-jwt.js';
import type { IssuanceDecision } from './issuance-guard.js';
import { isForIssuer } from './resource.js';
import type { StatelessTokenStore } from './stateless-token.js';
import { bucketEnd, type TokenText } from './token-text.js';
import type { ActiveAccessToken, TokenStore } from './token-store.js';

/** About a token (RFC 7662 section 2.2). Nothing but `active` is said of an inactive one. Times in milliseconds. */
export type Introspection =
  | { readonly active: false }
  | {
      readonly active: true;
      readonly clientId: string;
      readonly subject: string;
      readonly scopes: readonly string[];
      /** The client id when no resource was asked for (rulings 31). */
      readonly audience: readonly string[];
      readonly issuer: string;
      readonly issuedAt: number;
      readonly expiresAt: number;
      /** `at_ext` of the consent response. */
      readonly extra: JsonObject;
      /** Where policies guard issuance: the decision under which it was issued. */
      readonly decision?: IssuanceDecision;
    };

/** Who asks about a token: a client that authenticated, or the holder of another access token. */
export type IntrospectionCaller =
  | { readonly kind: 'client'; readonly clientId: string }
  | { readonly kind: 'token'; readonly clientId: string; readonly subject: string; readonly scopes: readonly string[] };

/** What introspection works with. */
export type IntrospectionTools = {
  readonly issuer: string;
  readonly store: TokenStore;
  readonly statelessTokens: StatelessTokenStore;
  readonly tokenText: TokenText;
  readonly accessTokenSigner: AccessTokenSigner;
};

const inactive: Introspection = { active: false };
// Inside this margin after a bucket's end the row is read nevertheless: the clock was observed a while ago (rulings 15).
const clockMarginMs = 2_000;

/** The active access token of a text. Garbage dies on its MAC and what expired on its bucket, without a read. */
export async function findAccessToken(
  text: string,
  tools: IntrospectionTools,
): Promise<{ readonly key: RowKey; readonly token: ActiveAccessToken } | undefined> {
  const name = await readAccessToken(text, tools);
  const token = name === undefined ? undefined : await findNamedToken(name, tools);
  return name === undefined || token === undefined ? undefined : { key: name.key, token };
}

/** The token of a name while it is active. */
export async function findNamedToken(
  { key, stateless }: AccessTokenName,
  { store, statelessTokens }: Pick<IntrospectionTools, 'store' | 'statelessTokens'>,
): Promise<ActiveAccessToken | undefined> {
  if (bucketEnd('access_token', key.bucket) + clockMarginMs < store.now()) return undefined;
  return stateless === undefined ? store.findActiveAccessToken(key) : statelessTokens.findGrant(stateless);
}

/**
 * About an access token; whatever else is presented (refresh token, code, ID token, garbage) is inactive. `scopeMissing`
 * says that it is active but a needed scope was not granted (hierarchic match); the answer is inactive then.
 */
export async function introspect(
  text: string,
  neededScopes: readonly string[],
  tools: IntrospectionTools,
): Promise<{ readonly introspection: Introspection; readonly scopeMissing: boolean }> {
  const found = await findAccessToken(text, tools);
  if (found === undefined) return { introspection: inactive, scopeMissing: false };
  const { grant, issuedAt, expiresAt, decision } = found.token;
  if (!coversScopes(grant.scopes, neededScopes)) return { introspection: inactive, scopeMissing: true };
  return {
    introspection: {
      active: true,
      clientId: grant.clientId,
      subject: grant.subject,
      scopes: grant.scopes,
      audience: grant.audience.length === 0 ? [grant.clientId] : grant.audience,
      issuer: tools.issuer,
      issuedAt,
      expiresAt,
      extra: grant.accessTokenExtra,
      ...(decision !== undefined ? { decision } : {}),
    },
    scopeMissing: false,
  };
}

/** What an inspection says a token is for. */
export type InspectedToken = { readonly introspection: Introspection; readonly use?: 'access_token' | 'refresh_token' };

/**
 * About an access or refresh token, for an administrator. A refresh token is active while it buys something. A needed
 * scope that was not granted makes either inactive.
 */
export async function inspectToken(
  text: string,
  neededScopes: readonly string[],
  tools: IntrospectionTools,
): Promise<InspectedToken> {
  const refreshKey = tools.tokenText.parse(text, 'refresh_token');
  if (refreshKey === undefined) {
    const { introspection } = await introspect(text, neededScopes, tools);
    return introspection.active ? { introspection, use: 'access_token' } : { introspection };
  }
  const stored = await tools.store.findRefreshToken(refreshKey);
  if (stored?.state !== 'live' || !coversScopes(stored.grant.scopes, neededScopes)) return { introspection: inactive };
  const { grant, issuedAt, expiresAt, familyExpiresAt } = stored;
  return {
    introspection: {
      active: true,
      clientId: grant.clientId,
      subject: grant.subject,
      scopes: grant.scopes,
      audience: grant.audience.length === 0 ? [grant.clientId] : grant.audience,
      issuer: tools.issuer,
      issuedAt,
      expiresAt: Math.min(expiresAt, familyExpiresAt),
      extra: grant.accessTokenExtra,
    },
    use: 'refresh_token',
  };
}

/**
 * The introspection endpoint (RFC 7662): a confidential client, or the holder of another active access token, asks about
 * `token`, optionally with `scope` that must all have been granted. `mayIntrospect` is asked where a policy guards it.
 * Throws `request_unauthorized`, `request_forbidden` or `invalid_request`.
 */
export async function introspectForCaller(
  request: EndpointRequest,
  tools: IntrospectionTools & {
    readonly clients: ClientAuthentication;
    readonly mayIntrospect?: (caller: IntrospectionCaller) => Promise<boolean>;
  },
): Promise<Introspection> {
  const parameters = parseParameters(request.parameters);
  const caller = await authenticateCaller(credentialsOf(request, parameters), tools);
  if (tools.mayIntrospect !== undefined && !(await tools.mayIntrospect(caller))) {
    throw new OAuth2Error('request_forbidden', 'a policy must allow the caller to introspect tokens');
  }
  const neededScopes = readNeededScopes(parameters);
  if (neededScopes === undefined) return inactive;
  return (await introspect(parameters.get('token') ?? '', neededScopes, tools)).introspection;
}

async function authenticateCaller(
  carried: CarriedCredentials,
  tools: IntrospectionTools & { readonly clients: ClientAuthentication },
): Promise<IntrospectionCaller> {
  const { authorization, parameters } = carried;
  if (/^bearer(?:\s|$)/i.test(authorization)) return bearerCaller(authorization, parameters, tools);
  const { client } = await authenticateClient(carried, tools.clients);
  if (client.public) throw unauthorized('a public client cannot authenticate');
  return { kind: 'client', clientId: client.id };
}

async function authenticateClient(carried: CarriedCredentials, clients: ClientAuthentication) {
  try {
    return await clients.authenticate(carried, 'fresh');
  } catch (cause) {
    // The original's word for a caller it does not know at this endpoint.
    if (cause instanceof OAuth2Error && cause.code === 'invalid_client') throw unauthorized(cause.hint);
    throw cause;
  }
}

async function bearerCaller(
  authorization: string,
  parameters: ParameterMap,
  tools: IntrospectionTools,
): Promise<IntrospectionCaller> {
  if (parameters.has('access_token') || parameters.has('client_secret')) {
    throw new OAuth2Error('invalid_request', 'the caller authenticates in more than one way');
  }
  const presented = /^bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(authorization)?.[1];
  const found = presented === undefined ? undefined : await findAccessToken(presented, tools);
  if (found === undefined) throw unauthorized('the bearer token is not active');
  if (!isForIssuer(found.token.grant.audience, tools.issuer))
    throw unauthorized('the bearer token is for another resource');
  const asked = await readAccessToken(parameters.get('token') ?? '', tools);
  if (asked?.key.id === found.key.id) throw unauthorized('a token cannot authorize its own introspection');
  const { clientId, subject, scopes } = found.token.grant;
  return { kind: 'token', clientId, subject, scopes };
}

function readNeededScopes(parameters: ParameterMap): readonly string[] | undefined {
  try {
    return parseScope(parameters.get('scope'));
  } catch (cause) {
    // A scope outside the grammar was never granted.
    if (cause instanceof OAuth2Error) return undefined;
    throw cause;
  }
}

function unauthorized(hint?: string): OAuth2Error {
  return new OAuth2Error('request_unauthorized', hint);
}
