import { type ApiOperation, named } from '@castellan/service';
import { z } from 'zod';

import { oauthErrors } from './oauth-answers.js';

const text = z.string();
const list = z.array(text);

/** Metadata of a client by its own words (RFC 7591 section 2, OpenID Connect Dynamic Client Registration 1.0 section 2). */
const metadataMembers = {
  redirect_uris: list,
  grant_types: list.optional(),
  response_types: list.optional(),
  scope: text.optional(),
  token_endpoint_auth_method: text.optional(),
  token_endpoint_auth_signing_alg: text.optional(),
  client_name: text.optional(),
  client_uri: text.optional(),
  logo_uri: text.optional(),
  policy_uri: text.optional(),
  tos_uri: text.optional(),
  contacts: list.optional(),
  jwks: z.looseObject({}).optional(),
  jwks_uri: text.optional(),
  application_type: text.optional(),
  subject_type: text.optional(),
  sector_identifier_uri: text.optional(),
  id_token_signed_response_alg: text.optional(),
  userinfo_signed_response_alg: text.optional(),
  default_max_age: z.int().min(0).optional(),
  default_acr_values: list.optional(),
  initiate_login_uri: text.optional(),
  request_uris: list.optional(),
  request_object_signing_alg: text.optional(),
  post_logout_redirect_uris: list.optional(),
  backchannel_logout_uri: text.optional(),
  backchannel_logout_session_required: z.boolean().optional(),
  frontchannel_logout_uri: text.optional(),
  frontchannel_logout_session_required: z.boolean().optional(),
};

const metadataSchema = named('ClientMetadata', z.object(metadataMembers));
/** A client names itself when it replaces its metadata (RFC 7592 section 2.2). */
const replacementSchema = named(
  'ClientReplacement',
  metadataSchema.extend({ client_id: text, client_secret: text.optional() }),
);
const registrationSchema = named(
  'ClientRegistration',
  z.strictObject({
    client_id: text,
    ...metadataMembers,
    registration_client_uri: text,
    registration_access_token: text,
    client_id_issued_at: z.int().optional(),
    client_secret: text.optional(),
    client_secret_expires_at: z.int().optional(),
  }),
);

const tag = 'registration';
const registration = {
  tag,
  path: '/oauth2/register/:id',
  pathParameters: { id: 'The client ID.' },
  security: [{ registrationToken: [] }],
} as const;

/** Where clients register themselves, unless that is switched off: then the answer is 403. */
export const registrationOperations: readonly ApiOperation[] = [
  {
    tag,
    id: 'registerClient',
    method: 'POST',
    path: '/oauth2/register',
    summary: 'Register a client (RFC 7591)',
    pathParameters: {},
    security: [{ initialAccessToken: [] }, { accessToken: [] }],
    body: { schema: metadataSchema, required: true },
    answers: {
      201: { description: 'The client with its secret.', schema: registrationSchema },
      ...oauthErrors(400, 401, 403, 413, 415),
    },
  },
  {
    ...registration,
    id: 'readRegistration',
    method: 'GET',
    summary: 'Read the metadata of a client (RFC 7592 section 2.1)',
    answers: { 200: { description: 'The client.', schema: registrationSchema }, ...oauthErrors(400, 401, 403) },
  },
  {
    ...registration,
    id: 'updateRegistration',
    method: 'PUT',
    summary: 'Replace the metadata of a client (RFC 7592 section 2.2)',
    body: { schema: replacementSchema, required: true },
    answers: {
      200: { description: 'The client, with a new registration access token.', schema: registrationSchema },
      ...oauthErrors(400, 401, 403, 413, 415),
    },
  },
  {
    ...registration,
    id: 'deleteRegistration',
    method: 'DELETE',
    summary: 'Remove a client (RFC 7592 section 2.3)',
    answers: { 204: { description: 'It is gone.' }, ...oauthErrors(400, 401, 403, 413, 415) },
  },
];
