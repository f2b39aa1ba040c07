import { named } from '@castellan/service';
import { z } from 'zod';

import { clientBodySchema } from '../client-json.js';
import { rotationBodySchema } from '../client-keys-json.js';
import { initialAccessTokenBodySchema } from '../initial-access-tokens.http.js';
import { resourceServerBodySchema } from '../resource-server-json.js';
import { body, created, done, ok, type SomeOperations } from './admin-operation.js';

/** The original wrote `null` for a list that was never set. */
const writtenList = z.array(z.string()).nullable();

const clientSchema = named(
  'Client',
  z.strictObject({
    ...named('ClientBody', clientBodySchema).shape,
    id: z.string(),
    client_name: z.string(),
    client_secret: z.string().optional().describe('In the answer to what set it only.'),
    redirect_uris: writtenList,
    grant_types: writtenList,
    response_types: writtenList,
    scope: z.string(),
    owner: z.string(),
    policy_uri: z.string(),
    tos_uri: z.string(),
    client_uri: z.string(),
    logo_uri: z.string(),
    contacts: writtenList,
    public: z.boolean(),
    client_secret_expires_at: z.int().optional().describe('Seconds since 1970; 0 for never.'),
    client_secrets: z
      .array(
        z.strictObject({
          expires_at: z.int().describe('Seconds since 1970; 0 for never.'),
          last_used_at: z.int().optional().describe('Seconds since 1970.'),
        }),
      )
      .optional()
      .describe('The live secrets, the present one first, where there is something to say of them.'),
  }),
);

const initialAccessTokenSchema = named(
  'InitialAccessToken',
  z.strictObject({
    token: z.string().describe('Shown this once.'),
    uses: z.int().describe('How many clients it registers.'),
    expires_in: z.int().describe('Seconds.'),
  }),
);

const resourceServerSchema = named(
  'ResourceServer',
  z.strictObject({
    id: z.string(),
    ...named('ResourceServerBody', resourceServerBodySchema).shape,
    name: z.string(),
    scope: z.string(),
  }),
);

const tag = 'clients';
const client = { id: 'The client ID.' };
const server = { id: 'The ID of the resource server.' };

export const clientOperations = {
  listClients: {
    tag,
    summary: 'List all clients',
    answers: ok('The clients by their IDs.', named('Clients', z.record(z.string(), clientSchema))),
  },
  createInitialAccessToken: {
    tag,
    summary: 'Make an initial access token, with which others register clients (RFC 7591)',
    body: body(named('InitialAccessTokenBody', initialAccessTokenBodySchema)),
    answers: created('The token.', initialAccessTokenSchema),
  },
  createClient: {
    tag,
    summary: 'Register a client',
    description: 'Without `client_secret` the server makes one, but for a public client.',
    body: body(clientBodySchema),
    answers: created('The client with its secret.', clientSchema),
  },
  getClient: { tag, summary: 'Read a client', parameters: client, answers: ok('The client.', clientSchema) },
  updateClient: {
    tag,
    summary: 'Replace a client',
    description: 'The answer is 201, which is what clients of the original know. The secret stays where none is given.',
    parameters: client,
    body: body(clientBodySchema),
    answers: created('The client as it is now.', clientSchema),
  },
  rotateClientSecret: {
    tag,
    summary: 'Give a client a new secret beside its old one',
    description: 'The old secret ends when the overlap is over.',
    parameters: client,
    body: body(named('SecretRotationBody', rotationBodySchema)),
    answers: ok('The client with its new secret.', clientSchema),
  },
  deleteClient: {
    tag,
    summary: 'Remove a client and every token of it',
    parameters: client,
    answers: done('It is gone.'),
  },
  revokeGrants: {
    tag: 'tokens',
    summary: 'End the grants of a client, of a subject, or of a subject at a client, with every token of them',
    answers: done('They have ended.'),
  },
  listResourceServers: {
    tag: 'resource servers',
    summary: 'List the resource servers',
    answers: ok('The resource servers.', z.array(resourceServerSchema)),
  },
  putResourceServer: {
    tag: 'resource servers',
    summary: 'Store a resource server: for whom tokens are issued, and what those are like',
    parameters: server,
    body: body(resourceServerBodySchema),
    answers: ok('The resource server as it is now.', resourceServerSchema),
  },
  deleteResourceServer: {
    tag: 'resource servers',
    summary: 'Remove a resource server',
    parameters: server,
    answers: done('It is gone.'),
  },
} as const satisfies SomeOperations;
