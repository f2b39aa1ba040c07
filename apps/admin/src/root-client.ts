import { RpcError, type RpcClient, type tokenV1, type wardenV1 } from '@castellan/rpc';
import { ConfigError, type Logger } from '@castellan/service';

import { unlessAbsent } from './access-facts.js';

/** Credentials of the client that administers a fresh database. */
export type RootCredentials = { readonly id: string; readonly secret: string };

export type RootClientOptions = {
  readonly clients: Pick<RpcClient<typeof tokenV1.ClientsService>, 'listClients' | 'createFirstClient' | 'getClient'>;
  readonly policies: Pick<
    RpcClient<typeof wardenV1.PoliciesService>,
    'getPolicy' | 'createPolicy' | 'putPolicy' | 'deletePolicy'
  >;
  readonly logger: Logger;
  /** The same at every attempt, so that none leaves a subject behind in the policy. */
  readonly credentials: RootCredentials;
  /** Shows generated credentials once, to the operator and never to the log; absent when the operator chose them. */
  readonly announce?: (id: string, secret: string) => void;
  /** Resource name prefix of the admin API. */
  readonly resourceNamePrefix: string;
};

export const ROOT_POLICY_ID = 'default-admin-policy';
const MIN_SECRET_LENGTH = 6;

/** The ID becomes a subject of a policy, where `<` and `>` would be a pattern that matches others. */
const ROOT_ID = /^[^<>\s\p{Cc}]{1,255}$/u;

/**
 * Reads `id:secret` with exactly one colon; each part is form-url-decoded where it decodes.
 * @throws ConfigError, which never holds the value
 */
export function parseRootCredentials(text: string): RootCredentials {
  const parts = text.split(':');
  const [id = '', secret = ''] = parts.map(formDecoded);
  if (parts.length !== 2 || !ROOT_ID.test(id)) {
    throw new ConfigError(
      'FORCE_ROOT_CLIENT_CREDENTIALS: must be id:secret with exactly one colon, the ID without <, > and blanks',
    );
  }
  if (secret.length < MIN_SECRET_LENGTH) {
    throw new ConfigError(
      `FORCE_ROOT_CLIENT_CREDENTIALS: the secret must have at least ${MIN_SECRET_LENGTH} characters`,
    );
  }
  return { id, secret };
}

function formDecoded(part: string): string {
  try {
    return decodeURIComponent(part.replaceAll('+', ' '));
  } catch {
    return part;
  }
}

/**
 * Makes the root client of an empty database: first the policy that lets it do everything, then the client, so that
 * there is never a client without rights which would keep another from being made.
 * @returns whether this call made it; rejects with `RpcError` UNAVAILABLE or DEADLINE_EXCEEDED while a service is away
 */
export async function ensureRootClient(options: RootClientOptions): Promise<boolean> {
  const { clients, credentials, logger } = options;
  if ((await clients.listClients({ limit: 1, after: '' })).clients.length > 0) {
    return false;
  }
  logger.warn('No clients were found. Creating a temporary root client...');
  await grantEverything(options, credentials.id);
  try {
    await clients.createFirstClient({ client: rootClient(credentials.id), clientSecret: credentials.secret });
  } catch (error) {
    if (!(error instanceof RpcError) || error.code !== 'FAILED_PRECONDITION') {
      throw error;
    }
    // Another node was faster. Its client may bear the same forced ID, and then keeps the policy.
    if ((await unlessAbsent(clients.getClient({ id: credentials.id }))) === undefined) {
      await withdrawEverything(options, credentials.id);
    }
    return false;
  }
  // The policy has no lock: a node that came second may have overwritten our subject with its own.
  await grantEverything(options, credentials.id);
  logger.info('Temporary root client created.');
  options.announce?.(credentials.id, credentials.secret);
  return true;
}

async function grantEverything(options: RootClientOptions, subject: string): Promise<void> {
  const { policies } = options;
  const existing = (await unlessAbsent(policies.getPolicy({ id: ROOT_POLICY_ID })))?.policy;
  if (existing !== undefined) {
    if (!existing.subjects.includes(subject)) {
      await policies.putPolicy({ policy: { ...existing, subjects: [...existing.subjects, subject] } });
    }
    return;
  }
  try {
    await policies.createPolicy({ policy: rootPolicy(options.resourceNamePrefix, subject) });
  } catch (error) {
    if (!(error instanceof RpcError) || error.code !== 'ALREADY_EXISTS') {
      throw error;
    }
    await grantEverything(options, subject);
  }
}

async function withdrawEverything({ policies }: RootClientOptions, subject: string): Promise<void> {
  const existing = (await unlessAbsent(policies.getPolicy({ id: ROOT_POLICY_ID })))?.policy;
  if (existing === undefined || !existing.subjects.includes(subject)) {
    return;
  }
  const subjects = existing.subjects.filter((other) => other !== subject);
  await (subjects.length > 0
    ? policies.putPolicy({ policy: { ...existing, subjects } })
    : policies.deletePolicy({ id: ROOT_POLICY_ID }));
}

function rootPolicy(resourceNamePrefix: string, subject: string): wardenV1.Policy {
  return {
    id: ROOT_POLICY_ID,
    description: 'Lets the root client administer everything',
    subjects: [subject],
    effect: 'allow',
    resources: [`${resourceNamePrefix}:<.*>`, 'rn:castellan:<.*>'],
    actions: ['<.*>'],
    conditionsJson: '',
  };
}

function rootClient(id: string): tokenV1.Client {
  return {
    id,
    clientName:
      'This temporary client was made because there was no other. Make one of your own, then remove this one.',
    redirectUris: ['http://localhost:4445/callback'],
    grantTypes: ['implicit', 'refresh_token', 'authorization_code', 'password', 'client_credentials'],
    responseTypes: ['id_token', 'code', 'token'],
    scope: 'hydra openid offline',
    owner: '',
    policyUri: '',
    tosUri: '',
    clientUri: '',
    logoUri: '',
    contacts: [],
    public: false,
    tokenEndpointAuthMethod: '',
    requirePkce: false,
    jwks: '',
    jwksUri: '',
    tokenEndpointAuthSigningAlg: '',
    secrets: [],
    tokens: undefined,
    openid: undefined,
    loginConsent: undefined,
    logout: undefined,
    metadataJson: '',
    createdAtMs: 0,
    updatedAtMs: 0,
    revision: 0,
  };
}
