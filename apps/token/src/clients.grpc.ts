import { randomUUID } from 'node:crypto';
import {
  type Client,
  type ClientSecretHash,
  type ClientSecrets,
  type ClientStore,
  formatScope,
  OAuth2Error,
  parseScope,
  readAuthMethod,
  readOpenIdRegistration,
  validateClient,
} from '@castellan/oauth2';
import { RpcError, tokenV1, type RpcHandlers } from '@castellan/rpc';
import { RpcService } from '@castellan/service';
import { toOpenIdMessage } from './openid-message.js';
import { clientsPeers } from './peers.js';
import { answerOrStatus } from './rpc-answer.js';
import type { TokenService } from './token-service.js';

type SecretToStore = { readonly text: string; readonly hash?: ClientSecretHash; readonly warnings: readonly string[] };

/** The service Clients: the clients of the authorization server, for the admin API. Secrets leave it once, at creation. */
@RpcService(tokenV1.ClientsService, clientsPeers)
export class ClientsRpc implements RpcHandlers<typeof tokenV1.ClientsService> {
  private readonly clients: ClientStore;
  private readonly secrets: ClientSecrets;

  constructor(service: Pick<TokenService, 'clientStore' | 'secrets'>) {
    this.clients = service.clientStore;
    this.secrets = service.secrets;
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
    return { client: toMessage(stored.client) };
  }

  async listClients({ after, limit }: tokenV1.ListClientsRequest): Promise<tokenV1.ListClientsResponse> {
    if (limit < 0) throw new RpcError('INVALID_ARGUMENT', 'limit must not be negative');
    const page = await answerOrStatus(this.clients.list({ after, limit }));
    return { clients: page.map((stored) => toMessage(stored.client)) };
  }

  async updateClient(request: tokenV1.UpdateClientRequest): Promise<tokenV1.UpdateClientResponse> {
    return answerOrStatus(this.update(request));
  }

  async deleteClient({ id }: tokenV1.DeleteClientRequest): Promise<tokenV1.DeleteClientResponse> {
    if (!(await answerOrStatus(this.clients.remove(id)))) throw notFound();
    return {};
  }

  private async create({
    client: message,
    clientSecret,
  }: tokenV1.CreateClientRequest): Promise<tokenV1.CreateClientResponse> {
    const { client, warnings } = validateClient(fromMessage(message, () => randomUUID()));
    const secret = await this.secretOf(client, clientSecret);
    if (!(await this.clients.insert(client, secret.hash))) {
      throw new RpcError('ALREADY_EXISTS', 'a client with this id exists already');
    }
    return { client: toMessage(client), clientSecret: secret.text, warnings: [...warnings, ...secret.warnings] };
  }

  private async createFirst({
    client: message,
    clientSecret,
  }: tokenV1.CreateFirstClientRequest): Promise<tokenV1.CreateFirstClientResponse> {
    const { client } = validateClient(fromMessage(message));
    if (client.public) throw new OAuth2Error('invalid_client_metadata', 'the first client must be confidential');
    const { hash } = await this.secrets.hash(clientSecret);
    if (!(await this.clients.insertFirst(client, hash))) {
      throw new RpcError('FAILED_PRECONDITION', 'there are clients already');
    }
    return { client: toMessage(client) };
  }

  private async update({
    client: message,
    clientSecret,
  }: tokenV1.UpdateClientRequest): Promise<tokenV1.UpdateClientResponse> {
    const { client, warnings } = validateClient(fromMessage(message));
    const stored = await this.clients.find(client.id);
    if (stored === undefined) throw notFound();
    const keeps = clientSecret === '' && !client.public;
    if (keeps && stored.secret === undefined) {
      throw new OAuth2Error('invalid_client_metadata', 'a client that becomes confidential needs a client_secret');
    }
    const secret = keeps ? undefined : await this.secretOf(client, clientSecret);
    if (!(await this.clients.update(client, keeps ? 'keep' : (secret?.hash ?? 'none')))) throw notFound();
    return { client: toMessage(client), warnings: [...warnings, ...(secret?.warnings ?? [])] };
  }

  /** What a client's secret becomes: none for a public client, the chosen one, else a generated one. */
  private async secretOf(client: Client, chosen: string): Promise<SecretToStore> {
    if (client.public) {
      if (chosen !== '') throw new OAuth2Error('invalid_client_metadata', 'a public client has no client_secret');
      return { text: '', warnings: [] };
    }
    if (chosen === '') {
      const { secret, hash } = this.secrets.generate(client.id);
      return { text: secret, hash, warnings: [] };
    }
    return { text: chosen, ...(await this.secrets.hash(chosen)) };
  }
}

function notFound(): RpcError {
  return new RpcError('NOT_FOUND', 'Not found');
}

function fromMessage(message: tokenV1.Client | undefined, makeId = () => ''): Client {
  if (message === undefined) throw new RpcError('INVALID_ARGUMENT', 'the client is missing');
  const method = readAuthMethod(message.tokenEndpointAuthMethod);
  const openid = message.openid === undefined ? undefined : readOpenIdRegistration(message.openid);
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
    ...(openid !== undefined ? { openid } : {}),
  };
}

function toMessage(client: Client): tokenV1.Client {
  return {
    id: client.id,
    clientName: client.name,
    redirectUris: [...client.redirectUris],
    grantTypes: [...client.grantTypes],
    responseTypes: [...client.responseTypes],
    scope: formatScope(client.scopes),
    owner: client.owner,
    policyUri: client.policyUri,
    tosUri: client.tosUri,
    clientUri: client.clientUri,
    logoUri: client.logoUri,
    contacts: [...client.contacts],
    public: client.public,
    tokenEndpointAuthMethod: client.tokenEndpointAuthMethod ?? '',
    requirePkce: client.requirePkce,
    openid: client.openid === undefined ? undefined : toOpenIdMessage(client.openid),
  };
}
