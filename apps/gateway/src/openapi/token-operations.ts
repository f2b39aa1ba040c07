import { tokenEndpointGrantTypes } from '@castellan/oauth2';
import { type ApiBody, type ApiOperation, jwkSetSchema, named } from '@castellan/service';
import { z } from 'zod';

import { registrationOperations } from './registration-operations.js';
import { oauthErrors } from './oauth-answers.js';

const text = z.string();

/** How a client says who it is in a form (RFC 6749 section 2.3.1, RFC 7523 section 2.2). */
const clientMembers = {
  client_id: text.optional(),
  client_secret: text.optional(),
  client_assertion: text.optional(),
  client_assertion_type: z.literal('urn:ietf:params:oauth:client-assertion-type:jwt-bearer').optional(),
};

function form(id: string, members: z.core.$ZodLooseShape): ApiBody {
  return {
    schema: named(id, z.object(members)),
    type: 'application/x-www-form-urlencoded',
    required: true,
  };
}

const tokenForm = form('TokenForm', {
  grant_type: z.enum(tokenEndpointGrantTypes),
  code: text.optional().describe('Of authorization_code.'),
  redirect_uri: text.optional().describe('Of authorization_code: where the code came to.'),
  code_verifier: text.optional().describe('Of authorization_code: the PKCE verifier (RFC 7636).'),
  refresh_token: text.optional().describe('Of refresh_token.'),
  scope: text.optional().describe('Scopes, with blanks between.'),
  resource: text.optional().describe('A resource server that the token is for (RFC 8707); may be repeated.'),
  audience: text.optional().describe('The same as Hydra names it: resource servers, with blanks between.'),
  ...clientMembers,
});

const tokensSchema = named(
  'Tokens',
  z.strictObject({
    access_token: text,
    expires_in: z.int().describe('Seconds.'),
    id_token: text.optional(),
    refresh_token: text.optional(),
    scope: text,
    token_type: text,
  }),
);

const introspectionSchema = named(
  'Introspection',
  z.strictObject({
    active: z.boolean(),
    scope: text.optional(),
    client_id: text.optional(),
    sub: text.optional(),
    exp: z.int().optional(),
    iat: z.int().optional(),
    aud: z.union([text, z.array(text)]).optional(),
    iss: text.optional(),
    decision_id: text.optional(),
    policy_revision: z.int().optional(),
    ext: z.looseObject({}).optional(),
  }),
);

const metadataSchema = named(
  'ServerMetadata',
  z
    .looseObject({
      issuer: z.url(),
      authorization_endpoint: z.url(),
      token_endpoint: z.url(),
      jwks_uri: z.url(),
      response_types_supported: z.array(text),
      subject_types_supported: z.array(text),
      id_token_signing_alg_values_supported: z.array(text),
    })
    .describe('RFC 8414 section 2, OpenID Connect Discovery 1.0 section 3.'),
);

const claimsSchema = named('Claims', z.looseObject({ sub: text }));

const byClient = [{ clientSecret: [] }, {}] as const;
const byToken = [{ accessToken: ['openid'] }] as const;
const wellKnown = { method: 'GET', pathParameters: {}, security: [], tag: 'discovery' } as const;
const published = { 304: { description: 'The caller has this version.' } };
const userinfo = {
  200: {
    description: 'Claims; signed as a JWT for a client that registered an algorithm.',
    schema: claimsSchema,
    otherTypes: { 'application/jwt': text },
  },
};

/** What clients call. */
export const tokenOperations: readonly ApiOperation[] = [
  {
    id: 'issueToken',
    method: 'POST',
    path: '/oauth2/token',
    tag: 'tokens',
    summary: 'Get tokens (RFC 6749 section 3.2)',
    pathParameters: {},
    body: tokenForm,
    security: byClient,
    answers: {
      200: { description: 'Tokens.', schema: tokensSchema },
      ...oauthErrors(400, 401, 403, 413),
    },
  },
  {
    id: 'introspectToken',
    method: 'POST',
    path: '/oauth2/introspect',
    tag: 'tokens',
    summary: 'Ask about an access token (RFC 7662)',
    pathParameters: {},
    body: form('TokenIntrospectionForm', { token: text, scope: text.optional(), ...clientMembers }),
    security: [...byClient, { accessToken: [] }],
    answers: {
      200: {
        description: 'What is known of the token; of one that is not active nothing.',
        schema: introspectionSchema,
      },
      ...oauthErrors(400, 401, 403, 413),
    },
  },
  {
    id: 'revokeToken',
    method: 'POST',
    path: '/oauth2/revoke',
    tag: 'tokens',
    summary: 'Revoke a token, with what came of the same grant (RFC 7009)',
    pathParameters: {},
    body: form('RevocationForm', { token: text, token_type_hint: text.optional(), ...clientMembers }),
    security: byClient,
    answers: { 200: { description: 'It is revoked, or was never known.' }, ...oauthErrors(400, 401, 403, 413) },
  },
  {
    id: 'userinfo',
    method: 'GET',
    path: '/userinfo',
    tag: 'tokens',
    summary: 'Claims about the subject of an access token (OpenID Connect Core section 5.3)',
    pathParameters: {},
    security: byToken,
    answers: { ...userinfo, ...oauthErrors(400, 401, 403) },
  },
  {
    id: 'userinfoByPost',
    method: 'POST',
    path: '/userinfo',
    tag: 'tokens',
    summary: 'The same with the token in the Authorization header or in a form',
    pathParameters: {},
    body: { ...form('UserinfoForm', { access_token: text.optional() }), required: false },
    security: [...byToken, {}],
    answers: { ...userinfo, ...oauthErrors(400, 401, 403, 413) },
  },
  ...registrationOperations,
  {
    ...wellKnown,
    id: 'openidConfiguration',
    path: '/.well-known/openid-configuration',
    summary: 'The metadata of this server (OpenID Connect Discovery 1.0 section 4)',
    answers: { 200: { description: 'The metadata.', schema: metadataSchema }, ...published, ...oauthErrors(400) },
  },
  {
    ...wellKnown,
    id: 'authorizationServerMetadata',
    path: '/.well-known/oauth-authorization-server',
    summary: 'The same by its name of RFC 8414',
    answers: { 200: { description: 'The metadata.', schema: metadataSchema }, ...published, ...oauthErrors(400) },
  },
  {
    ...wellKnown,
    id: 'publicKeys',
    path: '/.well-known/jwks.json',
    summary: 'The keys that verify ID tokens and JWT access tokens (RFC 7517 section 5)',
    answers: { 200: { description: 'The keys.', schema: jwkSetSchema }, ...published, ...oauthErrors(400) },
  },
];
