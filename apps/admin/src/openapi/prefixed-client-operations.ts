import { named } from '@castellan/service';
import { z } from 'zod';

import { rotationBodySchema } from '../client-keys-json.js';
import { hydraClientBodySchema } from '../hydra-client-json.js';
import { lifespansBodySchema } from '../hydra-lifespans.js';
import { jsonPatchSchema } from '../json-patch.js';
import { body, created, done, ok, optionalBody, type SomeOperations } from './admin-operation.js';
import { ifMatch } from './if-match.js';

const list = z.array(z.string());

/** A client as the SDKs of Hydra since 2.0 read it. */
export const prefixedClientSchema = named(
  'OAuth2Client',
  z.strictObject({
    ...named('OAuth2ClientBody', hydraClientBodySchema).shape,
    client_id: z.string(),
    client_name: z.string(),
    client_secret: z.string().optional().describe('In the answer to what set it only.'),
    redirect_uris: list,
    grant_types: list,
    response_types: list,
    scope: z.string(),
    audience: list,
    owner: z.string(),
    policy_uri: z.string(),
    allowed_cors_origins: list.max(0),
    tos_uri: z.string(),
    client_uri: z.string(),
    logo_uri: z.string(),
    contacts: list,
    client_secret_expires_at: z.int().describe('Seconds since 1970; 0 for never.'),
    subject_type: z.string(),
    jwks: z.looseObject({}),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
    metadata: z.looseObject({}),
    skip_consent: z.boolean(),
    skip_logout_consent: z.boolean(),
  }),
);

const tag = 'clients, as in Hydra 2';
const parameters = { id: 'The client ID.' };
const headers = { 'If-Match': ifMatch };
const changed = ok('The client as it is now; its version is in ETag.', prefixedClientSchema);

export const prefixedClientOperations = {
  listOAuth2Clients: {
    tag,
    summary: 'List clients in pages',
    description:
      'The Link header says where the first and the next page are (RFC 8288). A page has at most 1000 clients.',
    answers: ok('A page of clients.', z.array(prefixedClientSchema)),
  },
  createOAuth2Client: {
    tag,
    summary: 'Register a client',
    body: body(hydraClientBodySchema),
    answers: created('The client with its secret.', prefixedClientSchema),
  },
  getOAuth2Client: {
    tag,
    summary: 'Read a client',
    parameters,
    answers: ok('The client; its version is in ETag.', prefixedClientSchema),
  },
  setOAuth2Client: {
    tag,
    summary: 'Replace a client',
    parameters,
    headers,
    body: body(hydraClientBodySchema),
    answers: changed,
    refusals: [412],
  },
  patchOAuth2Client: {
    tag,
    summary: 'Change parts of a client (RFC 6902)',
    parameters,
    headers,
    body: body(named('JsonPatch', jsonPatchSchema), 'application/json-patch+json'),
    answers: changed,
    refusals: [412],
  },
  deleteOAuth2Client: {
    tag,
    summary: 'Remove a client and every token of it',
    parameters,
    answers: done('It is gone.'),
  },
  setOAuth2ClientLifespans: {
    tag,
    summary: 'Set how long the tokens of a client live',
    parameters,
    headers,
    body: body(named('OAuth2ClientLifespans', lifespansBodySchema)),
    answers: changed,
    refusals: [412],
  },
  rotateOAuth2ClientSecret: {
    tag,
    summary: 'Give a client a new secret beside its old one',
    parameters,
    body: optionalBody(rotationBodySchema),
    answers: ok('The client with its new secret.', prefixedClientSchema),
  },
  deleteRotatedOAuth2ClientSecrets: {
    tag,
    summary: 'End the old secret of a client at once',
    parameters,
    answers: ok('The client.', prefixedClientSchema),
  },
} as const satisfies SomeOperations;
