import type { ClientStore } from './client-store.js';
import { OAuth2Error } from './errors.js';
import type { JsonObject, RowKey } from './grant.js';
import { type Parameter, parseParameters } from './parameters.js';
import type { SubjectIdentifier } from './subject-identifier.js';
import { findAccessToken, type IntrospectionTools } from './token/introspection.js';
import { releasedClaims } from './userinfo-claims.js';

/** What the consent app said about a subject, and which claims the request asked for by name. */
export type SubjectClaims = {
  readonly claims: JsonObject;
  readonly requestedClaims: readonly string[];
  /** The `sub` that the client knows, where the login app chose it. */
  readonly subjectIdentifier?: string;
};

/** Where the claims of a grant are kept: with the family of its tokens. */
export interface SubjectClaimsStore {
  /** The claims of a family; undefined when it is unknown or revoked. */
  findSubjectClaims(family: RowKey): Promise<SubjectClaims | undefined>;
}

/** Signs userinfo answers; the private key is elsewhere. */
export type SignUserinfo = (claims: object, algorithm: string) => Promise<string>;

/** What userinfo works with. */
export type UserinfoTools = IntrospectionTools & {
  readonly clientStore: Pick<ClientStore, 'find'>;
  readonly subjectClaims: SubjectClaimsStore;
  readonly subjectIdentifier: SubjectIdentifier;
  readonly signUserinfo: SignUserinfo;
};

/** The answer: a JSON object, or a JWT for a client that registered an algorithm. */
export type Userinfo =
  { readonly kind: 'json'; readonly claims: JsonObject } | { readonly kind: 'jwt'; readonly jws: string };

/** A request: the Authorization header, empty when absent, and the form of a POST. */
export type UserinfoRequest = { readonly authorization: string; readonly parameters: readonly Parameter[] };

/**
 * The UserInfo endpoint (OpenID Connect Core section 5.3): claims about the subject of an access token that was granted
 * `openid`. The token comes in the Authorization header or the form (RFC 6750 sections 2.1 and 2.2), never in a query.
 *
 * @throws OAuth2Error `invalid_request`, `invalid_token`, `insufficient_scope`
 */
export async function userinfo(request: UserinfoRequest, tools: UserinfoTools): Promise<Userinfo> {
  const found = await findAccessToken(bearerTokenOf(request), tools);
  if (found === undefined) throw new OAuth2Error('invalid_token', 'the access token is unknown, expired or revoked');
  const { grant, family } = found.token;
  if (!grant.scopes.includes('openid') || family === undefined) {
    throw new OAuth2Error('insufficient_scope', "the access token was not granted 'openid' by a resource owner");
  }
  const [stored, client] = await Promise.all([
    tools.subjectClaims.findSubjectClaims(family),
    tools.clientStore.find(grant.clientId),
  ]);
  if (stored === undefined || client === undefined || client.uid !== grant.clientUid) {
    throw new OAuth2Error('invalid_token', 'the access token is unknown, expired or revoked');
  }
  const { requestedClaims } = stored;
  const claims = {
    ...releasedClaims(stored.claims, { scopes: grant.scopes, requestedClaims }),
    sub: stored.subjectIdentifier ?? tools.subjectIdentifier(client.client, grant.subject),
  };
  const algorithm = client.client.openid?.userinfoSignedResponseAlg;
  if (algorithm === undefined) return { kind: 'json', claims };
  // No exp: what has none is no ID token (RFC 8725 section 3.12).
  const jws = await tools.signUserinfo({ ...claims, iss: tools.issuer, aud: grant.clientId }, algorithm);
  return { kind: 'jwt', jws };
}

function bearerTokenOf({ authorization, parameters: list }: UserinfoRequest): string {
  const parameters = parseParameters(list);
  const inForm = parameters.get('access_token');
  const inHeader = /^bearer +([A-Za-z0-9._~+/-]+=*) *$/i.exec(authorization)?.[1];
  if (inHeader !== undefined && inForm !== undefined) {
    throw new OAuth2Error('invalid_request', 'the access token came twice');
  }
  const token = inHeader ?? inForm;
  if (token === undefined)
    throw new OAuth2Error('invalid_token', 'an access token is needed: Authorization: Bearer ...');
  return token;
}
