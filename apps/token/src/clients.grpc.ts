import { randomUUID } from 'node:crypto';
import {
  checkOpenIdRegistration,
  type Client,
  type ClientSecretHash,
  type ClientSecrets,
  type ClientStore,
  type JsonObject,
  OAuth2Error,
  type OpenIdCheckTools,
  type PageTokens,
  parseScope,
  readAuthMethod,
  readClientKeys,
  readLogoutRegistration,
  readOpenIdRegistration,
  type ResourceServerStore,
  type StoredClient,
  type TokenStore,
  validateClient,
} from '@castellan/oauth2';
import { parseStrictObject, StrictJsonError } from '@castellan/jwk';
import { RpcError, tokenV1, type RpcHandlers } from '@castellan/rpc';
import { RpcService } from '@castellan/service';
import { toClientMessage, toDatedClientMessage } from './client-message.js';
import { readLoginConsentRules } from './login-consent-message.js';
import { readTokenRules } from './token-rules-message.js';
import { clientsPeers } from './peers.js';
import { readResourceServer, toResourceServerMessage } from './resource-server-message.js';
import { answerOrStatus } from './rpc-answer.js';
import type { TokenService } from './token-service.js';

type SecretToStore = { readonly text: string; readonly hash?: ClientSecretHash; readonly warnings: readonly string[] };

const longestPage = 1_000;
const longestSecretMs = 315_360_000_000;

/** The service Clients: the clients of the authorization server, for the admin API. Secrets leave it once, at creation. */
@RpcService(tokenV1.ClientsService, clientsPeers)
export class ClientsRpc implements RpcHandlers<typeof tokenV1.ClientsService> {
  private readonly clients: ClientStore;
  private readonly secrets: ClientSecrets;
  private readonly resourceServers: ResourceServerStore;
  private readonly tokens: Pick<TokenStore, 'revokeGrants'>;
  private readonly openid: OpenIdCheckTools;
  private readonly pageTokens: PageTokens;

  constructor(
    service: Pick<
      TokenService,
      'clientStore' | 'secrets' | 'registration' | 'resourceServers' | 'endpoint' | 'pageTokens'
    >,
  ) {
    this.resourceServers = service.resourceServers;
    this.tokens = service.endpoint.store;
    this.pageTokens = service.pageTokens;
    this.clients = service.clientStore;
    this.secrets = service.secrets;
    this.openid = service.registration.openid;
  }

  async createClient(request: tokenV1.CreateClientRequest): Promise<tokenV1.CreateClientResponse> {
    return answerOrStatus(this.create(request));
  }

  async createFirstClient(request: tokenV1.CreateFirstClientRequest): Promise<tokenV1.CreateFirstClientResponse> {
    return answerOrStatus(this.createFirst(request));
  }

  async getClient({ id }: tokenV1.GetClientRequest): Promise<tokenV1.GetClientResponse> {
    const stored = await answerOrStatus(this.clients.find(id));
    if (stored === undefined) throw notFound();
    return { client: toAnswer(stored) };
  }

  async listClients({ after, limit }: tokenV1.ListClientsRequest): Promise<tokenV1.ListClientsResponse> {
    if (limit < 0) throw new RpcError('INVALID_ARGUMENT', 'limit must not be negative');
    const page = await answerOrStatus(this.clients.list({ after, limit }));
    return { clients: page.map(toAnswer) };
  }

  async listClientPage(request: tokenV1.ListClientPageRequest): Promise<tokenV1.ListClientPageResponse> {
    return answerOrStatus(this.listPage(request));
  }

  async endRotatedSecret({ id }: tokenV1.EndRotatedSecretRequest): Promise<tokenV1.EndRotatedSecretResponse> {
    if (!(await answerOrStatus(this.clients.endPreviousSecret(id)))) throw notFound();
    const stored = await answerOrStatus(this.clients.find(id));
    if (stored === undefined) throw notFound();
    return { client: toAnswer(stored) };
  }

  async updateClient(request: tokenV1.UpdateClientRequest): Promise<tokenV1.UpdateClientResponse> {
    return answerOrStatus(this.update(request));
  }

  async rotateClientSecret(request: tokenV1.RotateClientSecretRequest): Promise<tokenV1.RotateClientSecretResponse> {
    return answerOrStatus(this.rotate(request));
  }

  async revokeGrants({ clientId, subject }: tokenV1.RevokeGrantsRequest): Promise<tokenV1.RevokeGrantsResponse> {
    if (clientId === '' && subject === '') throw new RpcError('INVALID_ARGUMENT', 'client_id or subject is missing');
    const which = { ...(clientId !== '' ? { clientId } : {}), ...(subject !== '' ? { subject } : {}) };
    return { grants: await answerOrStatus(this.tokens.revokeGrants(which)) };
  }

  async putResourceServer({ server }: tokenV1.PutResourceServerRequest): Promise<tokenV1.PutResourceServerResponse> {
    const store = async () => {
      const valid = readResourceServer(server);
      return { valid, stored: await this.resourceServers.put(valid) };
    };
    const { valid, stored } = await answerOrStatus(store());
    if (!stored) throw new RpcError('ALREADY_EXISTS', 'another resource server has this URI');
    return { server: toResourceServerMessage(valid) };
  }

  async listResourceServers(): Promise<tokenV1.ListResourceServersResponse> {
    return { servers: (await answerOrStatus(this.resourceServers.list())).map(toResourceServerMessage) };
  }

  async deleteResourceServer({
    id,
  }: tokenV1.DeleteResourceServerRequest): Promise<tokenV1.DeleteResourceServerResponse> {
    if (!(await answerOrStatus(this.resourceServers.remove(id)))) throw notFound();
    return {};
  }

  async deleteClient({ id }: tokenV1.DeleteClientRequest): Promise<tokenV1.DeleteClientResponse> {
    if (!(await answerOrStatus(this.clients.remove(id)))) throw notFound();
    return {};
  }

  private async listPage(request: tokenV1.ListClientPageRequest): Promise<tokenV1.ListClientPageResponse> {
    const { pageSize, pageToken, clientName: name, owner, reader } = request;
    if (pageSize < 1 || pageSize > longestPage) throw new RpcError('INVALID_ARGUMENT', 'page_size must be 1 to 1000');
    const list = JSON.stringify(['clients', name ?? null, owner ?? null, reader]);
    const after = pageToken === '' ? '' : this.pageTokens.open(pageToken, list);
    const filter = { ...(name !== undefined ? { name } : {}), ...(owner !== undefined ? { owner } : {}) };
    const found = await this.clients.list({ ...filter, after, limit: pageSize + 1 });
    const page = found.slice(0, pageSize);
    const last = found.length > pageSize ? page.at(-1) : undefined;
    return {
      clients: page.map(toAnswer),
      nextPageToken: last === undefined ? '' : this.pageTokens.seal(last.client.id, list),
    };
  }

  private async create({
    client: message,
    clientSecret,
  }: tokenV1.CreateClientRequest): Promise<tokenV1.CreateClientResponse> {
    const { client, warnings } = validateClient(
      await fromMessage(message, () => randomUUID()),
      this.openid.isAllowedHost,
    );
    await checkOpenIdRegistration(client, this.openid);
    const secret = await this.secretOf(client, clientSecret);
    if (!(await this.clients.insert(client, secret.hash))) {
      throw new RpcError('ALREADY_EXISTS', 'a client with this id exists already');
    }
    const stored = await this.clients.find(client.id);
    return {
      client: stored === undefined ? toClientMessage(client) : toAnswer(stored),
      clientSecret: secret.text,
      warnings: [...warnings, ...secret.warnings],
    };
  }

  private async createFirst({
    client: message,
    clientSecret,
  }: tokenV1.CreateFirstClientRequest): Promise<tokenV1.CreateFirstClientResponse> {
    const { client } = validateClient(await fromMessage(message));
    if (client.public) throw new OAuth2Error('invalid_client_metadata', 'the first client must be confidential');
    const { hash } = await this.secrets.hash(clientSecret);
    if (!(await this.clients.insertFirst(client, hash))) {
      throw new RpcError('FAILED_PRECONDITION', 'there are clients already');
    }
    return { client: toClientMessage(client) };
  }

  private async update({
    client: message,
    clientSecret,
    revision,
  }: tokenV1.UpdateClientRequest): Promise<tokenV1.UpdateClientResponse> {
    const { client, warnings } = validateClient(await fromMessage(message), this.openid.isAllowedHost);
    await checkOpenIdRegistration(client, this.openid);
    const stored = await this.clients.find(client.id);
    if (stored === undefined) throw notFound();
    const keeps = clientSecret === '' && usesSecret(client);
    if (keeps && stored.secret === undefined) {
      throw new OAuth2Error('invalid_client_metadata', 'a client that becomes confidential needs a client_secret');
    }
    const secret = keeps ? undefined : await this.secretOf(client, clientSecret);
    if (!(await this.clients.update(client, keeps ? 'keep' : (secret?.hash ?? 'none'), revision))) {
      throw revision === undefined ? notFound() : new RpcError('ABORTED', 'the client was changed meanwhile');
    }
    const after = await this.clients.find(client.id);
    return {
      client: after === undefined ? toClientMessage(client) : { ...toAnswer(after), secrets: [] },
      warnings: [...warnings, ...(secret?.warnings ?? [])],
    };
  }

  private async rotate({
    id,
    clientSecret,
    overlapMs,
    lifetimeMs,
  }: tokenV1.RotateClientSecretRequest): Promise<tokenV1.RotateClientSecretResponse> {
    const [overlap, lifetime] = [overlapMs, lifetimeMs];
    if (![overlap, lifetime].every((time) => Number.isSafeInteger(time) && time >= 0 && time <= longestSecretMs)) {
      throw new RpcError('INVALID_ARGUMENT', 'overlap and lifetime must be 0 to ten years');
    }
    const stored = await this.clients.find(id);
    if (stored === undefined) throw notFound();
    if (!usesSecret(stored.client))
      throw new RpcError('FAILED_PRECONDITION', 'the client authenticates without a secret');
    const secret = await this.secretOf(stored.client, clientSecret);
    const rotation = { overlapMs: overlap, ...(lifetime > 0 ? { lifetimeMs: lifetime } : {}) };
    if (secret.hash === undefined || !(await this.clients.rotateSecret(id, secret.hash, rotation))) throw notFound();
    const after = await this.clients.find(id);
    if (after === undefined) throw notFound();
    return { client: toAnswer(after), clientSecret: secret.text, warnings: [...secret.warnings] };
  }

  /** What a client's secret becomes: none for a client that uses none, the chosen one, else a generated one. */
  private async secretOf(client: Client, chosen: string): Promise<SecretToStore> {
    if (!usesSecret(client)) {
      const kind = client.public ? 'a public client' : 'a client with private_key_jwt';
      if (chosen !== '') throw new OAuth2Error('invalid_client_metadata', `${kind} has no client_secret`);
      return { text: '', warnings: [] };
    }
    if (chosen === '') {
      const { secret, hash } = this.secrets.generate(client.id);
      return { text: secret, hash, warnings: [] };
    }
    return { text: chosen, ...(await this.secrets.hash(chosen)) };
  }
}

/** Whether the client authenticates with a secret. */
function usesSecret(client: Client): boolean {
  return !client.public && client.tokenEndpointAuthMethod !== 'private_key_jwt';
}

function notFound(): RpcError {
  return new RpcError('NOT_FOUND', 'Not found');
}

async function fromMessage(message: tokenV1.Client | undefined, makeId = () => ''): Promise<Client> {
  if (message === undefined) throw new RpcError('INVALID_ARGUMENT', 'the client is missing');
  const method = readAuthMethod(message.tokenEndpointAuthMethod);
  const loginConsent = readLoginConsentRules(message.loginConsent);
  const openid = message.openid === undefined ? undefined : readOpenIdRegistration(message.openid);
  const logout = message.logout === undefined ? undefined : readLogoutRegistration(message.logout);
  return {
    id: message.id === '' ? makeId() : message.id,
    name: message.clientName,
    redirectUris: message.redirectUris,
    grantTypes: message.grantTypes,
    responseTypes: message.responseTypes,
    scopes: parseScope(message.scope),
    owner: message.owner,
    policyUri: message.policyUri,
    tosUri: message.tosUri,
    clientUri: message.clientUri,
    logoUri: message.logoUri,
    contacts: message.contacts,
    public: message.public,
    ...(method !== undefined ? { tokenEndpointAuthMethod: method } : {}),
    requirePkce: message.requirePkce,
    ...(message.tokens !== undefined ? { tokens: readTokenRules(message.tokens) } : {}),
    ...(message.jwks !== '' ? { jwks: await readClientKeys(message.jwks) } : {}),
    ...(message.jwksUri !== '' ? { jwksUri: message.jwksUri } : {}),
    ...(message.tokenEndpointAuthSigningAlg !== ''
      ? { tokenEndpointAuthSigningAlg: message.tokenEndpointAuthSigningAlg }
      : {}),
    ...(openid !== undefined ? { openid } : {}),
    ...(logout !== undefined ? { logout } : {}),
    ...(loginConsent !== undefined ? { loginConsent } : {}),
    ...(message.metadataJson !== '' ? { metadata: readMetadata(message.metadataJson) } : {}),
  };
}

function readMetadata(json: string): JsonObject {
  try {
    return parseStrictObject(json);
  } catch (cause) {
    if (!(cause instanceof StrictJsonError)) throw cause;
    throw new OAuth2Error('invalid_client_metadata', `metadata is ${cause.message}`);
  }
}

function toAnswer(stored: StoredClient): tokenV1.Client {
  const { secret, secretUse, previousSecret } = stored;
  const uses = [
    ...(secret !== undefined ? [secretUse ?? {}] : []),
    ...(previousSecret !== undefined ? [previousSecret.use] : []),
  ];
  return {
    ...toDatedClientMessage(stored),
    secrets: uses.map((use) => ({ expiresAtMs: use.expiresAt ?? 0, lastUsedAtMs: use.lastUsedAt ?? 0 })),
  };
}
