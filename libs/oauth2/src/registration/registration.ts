import { createHash } from 'node:crypto';
import type { Client } from '../client.js';
import { validateClient } from '../client-metadata.js';
import type { ClientSecrets } from '../client-secret.js';
import type { ClientStore, StoredClient } from '../client-store.js';
import { OAuth2Error } from '../errors.js';
import type { JsonObject } from '../grant.js';
import { validateLogoutRegistration } from '../logout/logout-registration.js';
import { findAccessToken, type IntrospectionTools } from '../token/introspection.js';
import { isForIssuer } from '../token/resource.js';
import { clientMetadata, parseClientMetadata, readClientMetadata } from './metadata.js';
import { checkOpenIdRegistration, type OpenIdCheckTools } from './openid-check.js';
import type { RegistrationStore } from './registration-store.js';

/**
 * Who may register clients: nobody, holders of an initial access token, or whoever holds an access token of ours and is
 * allowed to by a policy.
 */
export type RegistrationAccess = 'off' | 'initial-token' | 'policy';

/** What dynamic registration works with. */
export type RegistrationTools = {
  readonly issuer: string;
  readonly access: RegistrationAccess;
  /** Asked about the subject and the scopes of an access token where `access` is `policy`. */
  readonly mayRegister: (caller: { readonly subject: string; readonly scopes: readonly string[] }) => Promise<boolean>;
  /** All that a client may have that registers itself; hierarchic. */
  readonly allowedScopes: readonly string[];
  readonly introspection: IntrospectionTools;
  readonly clients: ClientStore;
  readonly registrations: RegistrationStore;
  readonly secrets: Pick<ClientSecrets, 'generate' | 'verify'>;
  readonly openid: OpenIdCheckTools;
  readonly makeId: () => string;
  readonly randomBytes: (n: number) => Buffer;
  /** The database clock in milliseconds. */
  readonly now: () => number;
};

/** A request about the registration of a client: the Authorization header, and the id in its path. */
export type RegistrationRequest = { readonly authorization: string; readonly clientId: string };

const initialPrefix = 'ct_ia_';
const registrationPrefix = 'ct_ra_';
/** How often a replacement is tried that somebody else's change came before. */
const attempts = 5;
/** What a client must not say about itself when it replaces its metadata (RFC 7592 section 2.2). */
const serverMembers = [
  'registration_access_token',
  'registration_client_uri',
  'client_secret_expires_at',
  'client_id_issued_at',
];

/** Makes an initial access token for `uses` registrations. It is shown this once. */
export async function makeInitialAccessToken(
  grant: { readonly uses: number; readonly lifetimeMs: number },
  { registrations, randomBytes }: Pick<RegistrationTools, 'registrations' | 'randomBytes'>,
): Promise<string> {
  const token = newToken(initialPrefix, randomBytes);
  await registrations.insertInitialToken({ hash: hashToken(token), ...grant });
  return token;
}

/**
 * Registers a client (RFC 7591 section 3). What pays for it is spent together with the client's being stored.
 *
 * @throws OAuth2Error `request_forbidden`, `invalid_token`, `invalid_client_metadata`, `invalid_redirect_uri`
 */
export async function registerClient(
  request: { readonly authorization: string; readonly metadataJson: string },
  tools: RegistrationTools,
): Promise<JsonObject> {
  const payment = await authorizeRegistration(request.authorization, tools);
  const client = await readClient(parseClientMetadata(request.metadataJson), tools.makeId(), tools);
  const secret = usesSecret(client) ? tools.secrets.generate(client.id) : undefined;
  const token = newToken(registrationPrefix, tools.randomBytes);
  const outcome = await tools.registrations.register({
    client,
    ...(secret !== undefined ? { secret: secret.hash } : {}),
    tokenHash: hashToken(token),
    ...payment,
  });
  if (outcome === 'spent') throw refusedToken();
  if (outcome === 'id-taken') throw new OAuth2Error('temporarily_unavailable', 'try again');
  return {
    ...answerOf(client, token, tools),
    client_id_issued_at: Math.floor(tools.now() / 1000),
    ...(secret !== undefined ? { client_secret: secret.secret, client_secret_expires_at: 0 } : {}),
  };
}

/** The metadata of a client, for the client itself (RFC 7592 section 2.1). Its secret is not known any more. */
export async function readRegistration(request: RegistrationRequest, tools: RegistrationTools): Promise<JsonObject> {
  const { stored, token } = await authenticate(request, tools);
  return answerOf(stored.client, token, tools);
}

/**
 * Replaces the metadata of a client by those given; what is absent gets its default, the secret stays (RFC 7592 section
 * 2.2). The registration access token is exchanged for a new one.
 *
 * @throws OAuth2Error `invalid_token`, `invalid_client_metadata`, `invalid_redirect_uri`
 */
export async function updateRegistration(
  request: RegistrationRequest & { readonly metadataJson: string },
  tools: RegistrationTools,
): Promise<JsonObject> {
  const { stored, token: oldToken } = await authenticate(request, tools);
  const metadata = parseClientMetadata(request.metadataJson);
  await refuseForeignMembers(metadata, stored, tools);
  const client = await readClient(metadata, stored.client.id, tools, stored.client);
  const token = newToken(registrationPrefix, tools.randomBytes);
  if (!(await tools.registrations.replaceRegistrationToken(stored.uid, hashToken(oldToken), hashToken(token)))) {
    throw refusedToken();
  }
  const replaced = await replaceClient(client, stored, tools);
  return {
    ...answerOf(replaced.client, token, tools),
    ...(replaced.secret !== undefined ? { client_secret: replaced.secret, client_secret_expires_at: 0 } : {}),
  };
}

/**
 * Stores what a client says about itself over what it was. An operator may have changed it meanwhile, and the check of a
 * sector takes as long as a stranger likes: what the operator decided stands.
 */
async function replaceClient(
  client: Client,
  before: StoredClient,
  { clients, secrets, openid }: RegistrationTools,
): Promise<{ readonly client: Client; readonly secret?: string }> {
  let stored: StoredClient | undefined = before;
  for (let attempt = 0; attempt < attempts && stored?.uid === before.uid; attempt++) {
    const next: Client = validateClient(withOperatorsWord(client, stored.client), openid.isAllowedHost).client;
    validateLogoutRegistration(next, openid.isAllowedHost);
    const keeps = usesSecret(next) && stored.secret !== undefined;
    const secret = usesSecret(next) && !keeps ? secrets.generate(next.id) : undefined;
    if (await clients.update(next, keeps ? 'keep' : (secret?.hash ?? 'none'), stored.revision)) {
      return { client: next, ...(secret !== undefined ? { secret: secret.secret } : {}) };
    }
    stored = await clients.find(before.client.id);
  }
  throw refusedToken();
}

/** Removes a client and every token of it (RFC 7592 section 2.3). */
export async function deleteRegistration(request: RegistrationRequest, tools: RegistrationTools): Promise<void> {
  const { stored } = await authenticate(request, tools);
  await tools.clients.remove(stored.client.id);
}

/** What allows a registration; for an initial access token also what pays for it. */
async function authorizeRegistration(
  authorization: string,
  tools: RegistrationTools,
): Promise<{ readonly initialTokenHash?: string }> {
  if (tools.access === 'off') throw new OAuth2Error('request_forbidden', 'dynamic client registration is off');
  const token = bearerOf(authorization);
  if (tools.access === 'initial-token') {
    if (!token.startsWith(initialPrefix)) throw refusedToken();
    return { initialTokenHash: hashToken(token) };
  }
  const found = await findAccessToken(token, tools.introspection);
  if (found === undefined || !isForIssuer(found.token.grant.audience, tools.issuer)) throw refusedToken();
  const { subject, scopes } = found.token.grant;
  if (!(await tools.mayRegister({ subject, scopes }))) {
    throw new OAuth2Error('request_forbidden', 'a policy must allow the caller to register clients');
  }
  return {};
}

/** The client that a registration access token manages; whatever is wrong, the answer is the same. */
async function authenticate(
  { authorization, clientId }: RegistrationRequest,
  tools: RegistrationTools,
): Promise<{ readonly stored: StoredClient; readonly token: string }> {
  if (tools.access === 'off') throw new OAuth2Error('request_forbidden', 'dynamic client registration is off');
  const token = bearerOf(authorization);
  const stored = token.startsWith(registrationPrefix) ? await tools.clients.find(clientId) : undefined;
  if (stored === undefined || !(await tools.registrations.isRegistrationToken(stored.uid, hashToken(token)))) {
    throw refusedToken();
  }
  return { stored, token };
}

async function readClient(
  metadata: JsonObject,
  id: string,
  tools: RegistrationTools,
  before?: Client,
): Promise<Client> {
  const read = await readClientMetadata(metadata, { id, allowedScopes: tools.allowedScopes });
  const kept = before === undefined ? read : withOperatorsWord(read, before);
  const { client } = validateClient(kept, tools.openid.isAllowedHost);
  await checkOpenIdRegistration(client, tools.openid);
  return client;
}

/** What an operator decided about a client is not the client's to change. */
function withOperatorsWord(client: Client, before: Client): Client {
  const { tokens: _tokens, loginConsent: _flow, metadata: _metadata, logout, ...said } = client;
  const { skipLogoutConsent: _skip, ...saidOfLogout } = logout ?? {};
  const skips = before.logout?.skipLogoutConsent === true;
  return {
    ...said,
    owner: before.owner,
    requirePkce: before.requirePkce,
    ...(before.tokens !== undefined ? { tokens: before.tokens } : {}),
    ...(before.loginConsent !== undefined ? { loginConsent: before.loginConsent } : {}),
    ...(before.metadata !== undefined ? { metadata: before.metadata } : {}),
    ...(logout !== undefined || skips
      ? { logout: { ...saidOfLogout, ...(skips ? { skipLogoutConsent: true } : {}) } }
      : {}),
  };
}

async function refuseForeignMembers(
  metadata: JsonObject,
  stored: StoredClient,
  { secrets }: RegistrationTools,
): Promise<void> {
  if (metadata['client_id'] !== stored.client.id) throw invalid('client_id must be that of the client');
  const foreign = serverMembers.find((member) => Object.hasOwn(metadata, member));
  if (foreign !== undefined) throw invalid(`${foreign} is not the client's to say`);
  const secret = metadata['client_secret'];
  if (secret === undefined) return;
  if (typeof secret !== 'string' || (await secrets.verify(stored, secret)) === undefined) {
    throw invalid('client_secret must be the present one: a client cannot choose it');
  }
}

function answerOf(client: Client, token: string, { issuer }: RegistrationTools): JsonObject {
  return {
    ...clientMetadata(client),
    registration_client_uri: `${issuer}/oauth2/register/${encodeURIComponent(client.id)}`,
    registration_access_token: token,
  };
}

function usesSecret({ tokenEndpointAuthMethod: method }: Client): boolean {
  return method === 'client_secret_basic' || method === 'client_secret_post';
}

function bearerOf(authorization: string): string {
  const token = /^bearer +([A-Za-z0-9._~+/-]+=*) *$/i.exec(authorization)?.[1];
  if (token === undefined) throw refusedToken();
  return token;
}

function newToken(prefix: string, randomBytes: (n: number) => Buffer): string {
  return prefix + randomBytes(32).toString('base64url');
}

/** Nobody guesses 256 random bits: a plain hash is enough. */
function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

function refusedToken(): OAuth2Error {
  return new OAuth2Error('invalid_token', 'the token is missing, unknown, expired or spent');
}

function invalid(hint: string): OAuth2Error {
  return new OAuth2Error('invalid_client_metadata', hint);
}
