import { RpcError, tokenV1, type RpcHandlers } from '@castellan/rpc';
import { type Backends, client, fail, found } from './backends.js';

export class TestClients implements RpcHandlers<typeof tokenV1.ClientsService> {
  constructor(private readonly backends: Backends) {}

  async createClient(request: tokenV1.CreateClientRequest): Promise<tokenV1.CreateClientResponse> {
    fail(this.backends, 'clients');
    const times = { createdAtMs: 1_000, updatedAtMs: 1_000, revision: 1 };
    const stored = client({ ...request.client, id: request.client?.id || 'made-up-id', ...times });
    if (this.backends.clients.has(stored.id)) {
      throw new RpcError('ALREADY_EXISTS', 'The ID is taken');
    }
    if (request.clientSecret !== '' && request.clientSecret.length < 6) {
      throw new RpcError('INVALID_ARGUMENT', 'The client secret must be at least 6 characters long');
    }
    this.backends.clients.set(stored.id, stored);
    return { client: stored, clientSecret: request.clientSecret || 'cs_generated', warnings: this.backends.warnings };
  }
  async createFirstClient(request: tokenV1.CreateFirstClientRequest): Promise<tokenV1.CreateFirstClientResponse> {
    if (this.backends.clients.size > 0) {
      throw new RpcError('FAILED_PRECONDITION', 'There are clients');
    }
    return { client: (await this.createClient({ ...request })).client };
  }
  async getClient({ id }: tokenV1.GetClientRequest): Promise<tokenV1.GetClientResponse> {
    fail(this.backends, 'clients');
    return { client: found(this.backends.clients, id) };
  }
  async listClients({ limit }: tokenV1.ListClientsRequest): Promise<tokenV1.ListClientsResponse> {
    fail(this.backends, 'clients');
    const clients = [...this.backends.clients.values()];
    return { clients: limit > 0 ? clients.slice(0, limit) : clients };
  }
  async updateClient(request: tokenV1.UpdateClientRequest): Promise<tokenV1.UpdateClientResponse> {
    const before = found(this.backends.clients, request.client?.id ?? '');
    if (request.revision !== undefined && request.revision !== before.revision) {
      throw new RpcError('ABORTED', 'The client was changed meanwhile');
    }
    const { createdAtMs } = before;
    const stored = client({ ...request.client, createdAtMs, updatedAtMs: 2_000, revision: before.revision + 1 });
    this.backends.clients.set(stored.id, stored);
    return { client: stored, warnings: this.backends.warnings };
  }
  /** The page token is the last ID with what it is bound to. */
  async listClientPage(request: tokenV1.ListClientPageRequest): Promise<tokenV1.ListClientPageResponse> {
    fail(this.backends, 'clients');
    const { clientName, owner, pageToken, pageSize, reader } = request;
    const bound = JSON.stringify([clientName, owner, reader]);
    if (pageToken !== '' && !pageToken.endsWith(bound)) {
      throw new RpcError('INVALID_ARGUMENT', 'page_token is not one of this list');
    }
    const after = pageToken.slice(0, pageToken.length - bound.length);
    const fitting = [...this.backends.clients.values()]
      .filter((one) => one.id > after && (clientName === undefined || one.clientName === clientName))
      .filter((one) => owner === undefined || one.owner === owner)
      .sort((left, right) => (left.id < right.id ? -1 : 1));
    const last = fitting.length > pageSize ? fitting[pageSize - 1] : undefined;
    return {
      clients: fitting.slice(0, pageSize),
      nextPageToken: last === undefined ? '' : `${last.id}${bound}`,
    };
  }
  async endRotatedSecret({ id }: tokenV1.EndRotatedSecretRequest): Promise<tokenV1.EndRotatedSecretResponse> {
    return { client: found(this.backends.clients, id) };
  }
  async rotateClientSecret(request: tokenV1.RotateClientSecretRequest): Promise<tokenV1.RotateClientSecretResponse> {
    const stored = found(this.backends.clients, request.id);
    const secrets = [
      { expiresAtMs: request.lifetimeMs, lastUsedAtMs: 0 },
      { expiresAtMs: request.overlapMs, lastUsedAtMs: 5_000 },
    ];
    return {
      client: client({ ...stored, secrets }),
      clientSecret: request.clientSecret || 'cs_generated',
      warnings: this.backends.warnings,
    };
  }
  async revokeGrants({ clientId, subject }: tokenV1.RevokeGrantsRequest): Promise<tokenV1.RevokeGrantsResponse> {
    fail(this.backends, 'clients');
    const fitting = this.backends.grants.filter(
      (grant) => (clientId === '' || grant.clientId === clientId) && (subject === '' || grant.subject === subject),
    );
    this.backends.grants = this.backends.grants.filter((grant) => !fitting.includes(grant));
    return { grants: fitting.length };
  }
  async putResourceServer({ server }: tokenV1.PutResourceServerRequest): Promise<tokenV1.PutResourceServerResponse> {
    fail(this.backends, 'clients');
    if (server !== undefined) this.backends.resourceServers.set(server.id, server);
    return { server };
  }
  async listResourceServers(): Promise<tokenV1.ListResourceServersResponse> {
    return { servers: [...this.backends.resourceServers.values()] };
  }
  async deleteResourceServer({
    id,
  }: tokenV1.DeleteResourceServerRequest): Promise<tokenV1.DeleteResourceServerResponse> {
    found(this.backends.resourceServers, id);
    this.backends.resourceServers.delete(id);
    return {};
  }
  async deleteClient({ id }: tokenV1.DeleteClientRequest): Promise<tokenV1.DeleteClientResponse> {
    found(this.backends.clients, id);
    this.backends.clients.delete(id);
    return {};
  }
}
