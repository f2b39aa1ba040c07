import { Module, type DynamicModule } from '@nestjs/common';
import { keysV1, logoutV1, openidV1, RpcError, tokenV1, wardenV1, type RpcHandlers } from '@castellan/rpc';
import { RpcService, type Logger } from '@castellan/service';

import type { RootClientOptions } from '../root-client.js';

const ADMIN = ['admin'] as const;
const { DenialReason } = wardenV1;

export type AccessRequest = {
  readonly subject: string;
  readonly resource: string;
  readonly action: string;
  readonly context: Readonly<Record<string, unknown>>;
};

/** The services behind the admin API with what they hold; a test reads and changes it as it goes. */
export type Backends = {
  clients: Map<string, tokenV1.Client>;
  grants: readonly { readonly clientId: string; readonly subject: string }[];
  resourceServers: Map<string, tokenV1.ResourceServer>;
  deliveries: Map<string, logoutV1.Delivery>;
  groups: Map<string, wardenV1.Group>;
  policies: Map<string, wardenV1.Policy>;
  /** Versions of policies, the oldest first. */
  versions: Map<string, wardenV1.PolicyVersion[]>;
  /** Policies of open imports, with who opened each. */
  imports: Map<string, { readonly by: string; readonly policies: wardenV1.Policy[] }>;
  keys: Map<string, keysV1.Jwk[]>;
  /** Access tokens with their subject and scopes. */
  tokens: Map<string, { readonly subject: string; readonly scopes: readonly string[]; readonly extraJson?: string }>;
  /** The policies' verdict; the anonymous subject is `''`. */
  decide: (access: AccessRequest) => boolean;
  warnings: string[];
  /** Set to a refusal or an outage that every rpc of a service then answers. */
  fails: Partial<Record<'warden' | 'clients' | 'groups' | 'policies' | 'keys', RpcError>>;
};

export function createBackends(): Backends {
  return {
    clients: new Map([['stored', client({ id: 'stored', owner: 'alice' })]]),
    grants: [
      { clientId: 'stored', subject: 'alice' },
      { clientId: 'stored', subject: 'bob' },
      { clientId: 'other', subject: 'alice' },
    ],
    resourceServers: new Map([['rs1', tokenV1.ResourceServer.create({ id: 'rs1', uri: 'urn:rs1' })]]),
    deliveries: new Map([['1', delivery('1')]]),
    groups: new Map([['g1', { id: 'g1', members: ['peter', 'julia'] }]]),
    policies: new Map([['p1', policy({ id: 'p1' })]]),
    versions: new Map([['p1', [versionOf(1, policy({ id: 'p1' }))]]]),
    imports: new Map([['i1', { by: 'root', policies: [] }]]),
    keys: new Map([
      [
        's1',
        [
          { json: '{"kty":"EC","kid":"k9","d":"secret","x":"x","y":"y"}', resourceName: 'private' },
          { json: '{"kty":"EC","kid":"k9-public","x":"x","y":"y"}', resourceName: 'public' },
        ],
      ],
    ]),
    tokens: new Map([
      ['root-token', { subject: 'root', scopes: ['hydra'] }],
      ['no-scope-token', { subject: 'root', scopes: ['openid'] }],
      ['no-policy-token', { subject: 'nobody', scopes: ['hydra'] }],
    ]),
    decide: ({ subject }) => subject === 'root',
    warnings: [],
    fails: {},
  };
}

export function client(changes: Partial<tokenV1.Client>): tokenV1.Client {
  return tokenV1.Client.fromPartial(changes);
}

export function delivery(id: string, changes: Partial<logoutV1.Delivery> = {}): logoutV1.Delivery {
  const state = logoutV1.DeliveryState.DELIVERY_STATE_PENDING;
  const times = { createdAtMs: 1_000, dueAtMs: 2_000, givesUpAtMs: 3_000 };
  return logoutV1.Delivery.fromPartial({ id, clientId: 'rp', subject: 'alice', state, ...times, ...changes });
}

export function policy(changes: Partial<wardenV1.Policy>): wardenV1.Policy {
  return wardenV1.Policy.fromPartial({ subjects: ['peter'], effect: 'allow', ...changes });
}

function versionOf(
  version: number,
  stored: wardenV1.Policy | undefined,
  note?: wardenV1.ChangeNote,
): wardenV1.PolicyVersion {
  const { by, reason } = note ?? { by: 'root', reason: '' };
  return { version, revision: version, changedAtMs: 1_750_000_000_000, changedBy: by, reason, policy: stored };
}

/** Everything that the services hold, to see that a refused request changed nothing. */
export function snapshot({ clients, groups, policies, keys }: Backends): string {
  return JSON.stringify([clients, groups, policies, keys].map((map) => [...map.entries()]));
}

export class TestClients implements RpcHandlers<typeof tokenV1.ClientsService> {
  constructor(private readonly backends: Backends) {}

  async createClient(request: tokenV1.CreateClientRequest): Promise<tokenV1.CreateClientResponse> {
    fail(this.backends, 'clients');
    const stored = client({ ...request.client, id: request.client?.id || 'made-up-id' });
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
    const stored = client({ ...request.client });
    found(this.backends.clients, stored.id);
    this.backends.clients.set(stored.id, stored);
    return { client: stored, warnings: this.backends.warnings };
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

export class TestPolicies implements RpcHandlers<typeof wardenV1.PoliciesService> {
  constructor(private readonly backends: Backends) {}

  async createPolicy(request: wardenV1.CreatePolicyRequest): Promise<wardenV1.CreatePolicyResponse> {
    fail(this.backends, 'policies');
    const stored = policy({ ...request.policy, id: request.policy?.id || 'made-up-id' });
    if (this.backends.policies.has(stored.id)) {
      throw new RpcError('ALREADY_EXISTS', 'The ID is taken');
    }
    this.backends.policies.set(stored.id, stored);
    return { policy: stored, revision: 1, version: this.keep(stored.id, stored, request.note) };
  }
  async getPolicy({ id }: wardenV1.GetPolicyRequest): Promise<wardenV1.GetPolicyResponse> {
    fail(this.backends, 'policies');
    return { policy: found(this.backends.policies, id), version: this.backends.versions.get(id)?.length };
  }
  async listPolicies({ limit, offset }: wardenV1.ListPoliciesRequest): Promise<wardenV1.ListPoliciesResponse> {
    fail(this.backends, 'policies');
    return { policies: [...this.backends.policies.values()].slice(offset, offset + (limit || 500)) };
  }
  async putPolicy(request: wardenV1.PutPolicyRequest): Promise<wardenV1.PutPolicyResponse> {
    const stored = policy({ ...request.policy });
    this.demandVersion(stored.id, request.ifVersion);
    this.backends.policies.set(stored.id, stored);
    return { policy: stored, revision: 1, version: this.keep(stored.id, stored, request.note) };
  }
  async deletePolicy({ id, note, ifVersion }: wardenV1.DeletePolicyRequest): Promise<wardenV1.DeletePolicyResponse> {
    this.demandVersion(id, ifVersion);
    if (this.backends.policies.delete(id)) this.keep(id, undefined, note);
    return { revision: 1 };
  }
  async listPolicyVersions(request: wardenV1.ListPolicyVersionsRequest): Promise<wardenV1.ListPolicyVersionsResponse> {
    return { versions: (this.backends.versions.get(request.id) ?? []).toReversed().slice(0, request.limit || 100) };
  }
  async rollBackPolicy({
    id,
    version,
    note,
  }: wardenV1.RollBackPolicyRequest): Promise<wardenV1.RollBackPolicyResponse> {
    const former = this.backends.versions.get(id)?.[version - 1];
    if (former === undefined) throw new RpcError('NOT_FOUND', 'Not found');
    if (former.policy === undefined) throw new RpcError('FAILED_PRECONDITION', 'removed');
    return this.putPolicy({ policy: former.policy, note });
  }
  async exportPolicies({ after }: wardenV1.ExportPoliciesRequest): Promise<wardenV1.ExportPoliciesResponse> {
    const policies = [...this.backends.policies.values()].filter(({ id }) => id > after);
    return { policies, revision: 1, total: this.backends.policies.size };
  }
  async beginPolicyImport({ by }: wardenV1.BeginPolicyImportRequest): Promise<wardenV1.BeginPolicyImportResponse> {
    this.backends.imports.set('i1', { by, policies: [] });
    return { importId: 'i1' };
  }
  async stagePolicies({
    importId,
    by,
    policies,
  }: wardenV1.StagePoliciesRequest): Promise<wardenV1.StagePoliciesResponse> {
    return { staged: this.openImport(importId, by).push(...policies) };
  }
  async commitPolicyImport(request: wardenV1.CommitPolicyImportRequest): Promise<wardenV1.CommitPolicyImportResponse> {
    const policies = this.openImport(request.importId, request.note?.by ?? '');
    if (request.ifRevision !== undefined && request.ifRevision !== 1) throw new RpcError('ABORTED', 'another revision');
    for (const one of policies) this.backends.policies.set(one.id, one);
    return { created: policies.length, updated: 0, removed: request.prune ? 1 : 0, unchanged: 0, revision: 2 };
  }
  async abortPolicyImport({
    importId,
    by,
  }: wardenV1.AbortPolicyImportRequest): Promise<wardenV1.AbortPolicyImportResponse> {
    this.openImport(importId, by);
    this.backends.imports.delete(importId);
    return {};
  }

  private openImport(id: string, by: string): wardenV1.Policy[] {
    const open = this.backends.imports.get(id);
    if (open === undefined || open.by !== by) throw new RpcError('NOT_FOUND', 'Not found');
    return open.policies;
  }
  private demandVersion(id: string, version: number | undefined): void {
    const exists = this.backends.policies.has(id);
    if (version === undefined || (exists && (version === 0 || version === this.backends.versions.get(id)?.length)))
      return;
    throw new RpcError('ABORTED', 'The policy is of another version');
  }
  private keep(id: string, stored: wardenV1.Policy | undefined, note: wardenV1.ChangeNote | undefined): number {
    const versions = this.backends.versions.get(id) ?? [];
    this.backends.versions.set(id, versions);
    return versions.push(versionOf(versions.length + 1, stored, note));
  }
}

class TestGroups implements RpcHandlers<typeof wardenV1.GroupsService> {
  constructor(private readonly backends: Backends) {}

  async createGroup({ group }: wardenV1.CreateGroupRequest): Promise<wardenV1.CreateGroupResponse> {
    fail(this.backends, 'groups');
    const stored = { id: group?.id || 'made-up-id', members: group?.members ?? [] };
    if (this.backends.groups.has(stored.id)) {
      throw new RpcError('ALREADY_EXISTS', 'The ID is taken');
    }
    this.backends.groups.set(stored.id, stored);
    return { group: stored, revision: 1 };
  }
  async getGroup({ id }: wardenV1.GetGroupRequest): Promise<wardenV1.GetGroupResponse> {
    fail(this.backends, 'groups');
    return { group: found(this.backends.groups, id) };
  }
  async findGroups({ member }: wardenV1.FindGroupsRequest): Promise<wardenV1.FindGroupsResponse> {
    const groups = [...this.backends.groups.values()].filter((group) => group.members.includes(member));
    return { groupIds: groups.map((group) => group.id) };
  }
  async deleteGroup({ id }: wardenV1.DeleteGroupRequest): Promise<wardenV1.DeleteGroupResponse> {
    this.backends.groups.delete(id);
    return { revision: 1 };
  }
  async addMembers({ groupId, members }: wardenV1.AddMembersRequest): Promise<wardenV1.AddMembersResponse> {
    const group = found(this.backends.groups, groupId);
    this.backends.groups.set(groupId, { id: groupId, members: [...new Set([...group.members, ...members])] });
    return { revision: 1 };
  }
  async removeMembers({ groupId, members }: wardenV1.RemoveMembersRequest): Promise<wardenV1.RemoveMembersResponse> {
    const group = found(this.backends.groups, groupId);
    const rest = group.members.filter((member) => !members.includes(member));
    this.backends.groups.set(groupId, { id: groupId, members: rest });
    return { revision: 1 };
  }
}

class TestWarden implements RpcHandlers<typeof wardenV1.WardenService> {
  constructor(private readonly backends: Backends) {}

  async check(request: wardenV1.CheckRequest): Promise<wardenV1.CheckResponse> {
    fail(this.backends, 'warden');
    const subject = request.anonymous ? '' : request.subject;
    const allowed = this.backends.decide({ ...request, subject, context: request.context ?? {} });
    return { allowed, reason: allowed ? 0 : DenialReason.DENIAL_REASON_DEFAULT, revision: 1 };
  }
  async checkToken(request: wardenV1.CheckTokenRequest): Promise<wardenV1.CheckTokenResponse> {
    fail(this.backends, 'warden');
    const token = this.backends.tokens.get(request.token);
    if (token === undefined) {
      return denied(DenialReason.DENIAL_REASON_TOKEN_INACTIVE);
    }
    const holds = (scope: string): boolean =>
      token.scopes.some((granted) => granted === scope || scope.startsWith(`${granted}.`));
    if (!request.scopes.every(holds)) {
      return denied(DenialReason.DENIAL_REASON_SCOPE);
    }
    if (!this.backends.decide({ ...request, subject: token.subject, context: request.context ?? {} })) {
      return denied(DenialReason.DENIAL_REASON_DEFAULT);
    }
    const facts = wardenV1.TokenFacts.fromPartial({
      subject: token.subject,
      scopes: [...token.scopes],
      issuer: 'https://localhost:9000',
      clientId: 'c2',
      issuedAtMs: Date.UTC(2026, 10, 23, 12, 40, 47, 443),
      expiresAtMs: Date.UTC(2026, 10, 23, 13, 40, 47),
      extraJson: token.extraJson ?? '',
    });
    return { allowed: true, reason: 0, revision: 1, token: facts };
  }
  async batchCheck({ checks }: wardenV1.BatchCheckRequest): Promise<wardenV1.BatchCheckResponse> {
    return { results: await Promise.all(checks.map(async (check) => ({ decision: await this.check(check) }))) };
  }
  async explain({ check }: wardenV1.ExplainRequest): Promise<wardenV1.ExplainResponse> {
    if (check === undefined || check.subject === '') {
      throw new RpcError('INVALID_ARGUMENT', 'subject must not be empty');
    }
    return {
      decision: await this.check(check),
      subjects: [check.subject, 'staff'],
      policies: [{ id: 'p1', effect: 'allow', subject: 'staff', unfulfilledCondition: 'owner', outsideValidity: '' }],
      nearestMiss: { id: 'p1', subject: 'staff', part: 'condition', condition: 'owner' },
      decisionUs: 1.5,
      truncated: false,
    };
  }
}

class TestDecisions implements RpcHandlers<typeof wardenV1.DecisionsService> {
  constructor(private readonly backends: Backends) {}

  async listDecisions(request: wardenV1.ListDecisionsRequest): Promise<wardenV1.ListDecisionsResponse> {
    fail(this.backends, 'warden');
    if (request.limit > 1000) throw new RpcError('INVALID_ARGUMENT', 'limit: must be from 0 to 1000');
    const decision = wardenV1.RecordedDecision.fromPartial({
      decidedAtMs: 1_750_000_000_000,
      door: 'check',
      caller: 'client',
      subject: request.subject || 'peter',
      contextJson: '{"ip":"10.0.0.1"}',
      reason: 'default',
    });
    return { decisions: [decision], next: 'there' };
  }
}

class TestKeys implements RpcHandlers<typeof keysV1.KeysService> {
  constructor(private readonly backends: Backends) {}

  async generateKey({ set, algorithm, keyId }: keysV1.GenerateKeyRequest): Promise<keysV1.GenerateKeyResponse> {
    if (algorithm !== 'HS256') {
      throw new RpcError('INVALID_ARGUMENT', `Generator ${algorithm} unknown`);
    }
    const kid = keyId || 'shared';
    const keys = [{ json: JSON.stringify({ kty: 'oct', kid, k: 'k' }), resourceName: kid }];
    this.backends.keys.set(set, keys);
    return { keys };
  }
  async getKeySet({ set }: keysV1.GetKeySetRequest): Promise<keysV1.GetKeySetResponse> {
    fail(this.backends, 'keys');
    return { keys: found(this.backends.keys, set) };
  }
  async getKey({ set, keyId }: keysV1.GetKeyRequest): Promise<keysV1.GetKeyResponse> {
    fail(this.backends, 'keys');
    const keys = found(this.backends.keys, set);
    const key = keys.find((one) => kidOf(one) === keyId) ?? keys.find((one) => one.resourceName === keyId);
    if (key === undefined) {
      throw new RpcError('NOT_FOUND', 'no such key in the table');
    }
    return { key };
  }
  async putKeySet({ set, keys }: keysV1.PutKeySetRequest): Promise<keysV1.PutKeySetResponse> {
    const stored = keys.map((json) => ({ json, resourceName: kidOf({ json }) }));
    this.backends.keys.set(set, stored);
    return { keys: stored };
  }
  async putKey({ set, keyId, key }: keysV1.PutKeyRequest): Promise<keysV1.PutKeyResponse> {
    const stored = { json: key, resourceName: keyId };
    const others = (this.backends.keys.get(set) ?? []).filter((one) => kidOf(one) !== keyId);
    this.backends.keys.set(set, [...others, stored]);
    return { key: stored };
  }
  async getKeyPlan(): Promise<keysV1.GetKeyPlanResponse> {
    fail(this.backends, 'keys');
    return { sets: [...this.backends.keys.keys()].map((set) => keysV1.SetPlan.fromPartial(plan(set))) };
  }
  async rotateKey({ set, algorithm, emergency }: keysV1.RotateKeyRequest): Promise<keysV1.RotateKeyResponse> {
    fail(this.backends, 'keys');
    found(this.backends.keys, set);
    const keys = [{ json: JSON.stringify({ kid: `${algorithm} ${String(emergency)}` }), resourceName: 'public' }];
    this.backends.keys.set(set, keys);
    return { plan: keysV1.SetPlan.fromPartial(plan(set)) };
  }
  async deleteKeySet({ set }: keysV1.DeleteKeySetRequest): Promise<keysV1.DeleteKeySetResponse> {
    found(this.backends.keys, set);
    this.backends.keys.delete(set);
    return {};
  }
  async deleteKey({ set, keyId }: keysV1.DeleteKeyRequest): Promise<keysV1.DeleteKeyResponse> {
    const keys = found(this.backends.keys, set);
    const rest = keys.filter((one) => kidOf(one) !== keyId);
    if (rest.length === keys.length) {
      throw new RpcError('NOT_FOUND', 'no such key in the table');
    }
    this.backends.keys.set(set, rest);
    return {};
  }
}

function denied(reason: wardenV1.DenialReason): wardenV1.CheckTokenResponse {
  return { allowed: false, reason, revision: 1, token: undefined };
}

function found<T>(map: ReadonlyMap<string, T>, id: string): T {
  const value = map.get(id);
  if (value === undefined) {
    throw new RpcError('NOT_FOUND', 'no such row in the table');
  }
  return value;
}

function fail(backends: Backends, service: keyof Backends['fails']): void {
  const error = backends.fails[service];
  if (error !== undefined) {
    throw error;
  }
}

function kidOf({ json }: { readonly json: string }): string {
  const jwk: unknown = JSON.parse(json);
  return typeof jwk === 'object' && jwk !== null && 'kid' in jwk ? String(jwk.kid) : '';
}

@Module({})
class BackendsModule {}

export function backendsModule(backends: Backends): DynamicModule {
  @RpcService(tokenV1.ClientsService, everyRpc(tokenV1.ClientsService))
  class Clients extends TestClients {
    constructor() {
      super(backends);
    }
  }
  @RpcService(wardenV1.PoliciesService, everyRpc(wardenV1.PoliciesService))
  class Policies extends TestPolicies {
    constructor() {
      super(backends);
    }
  }
  @RpcService(wardenV1.GroupsService, everyRpc(wardenV1.GroupsService))
  class Groups extends TestGroups {
    constructor() {
      super(backends);
    }
  }
  @RpcService(wardenV1.DecisionsService, everyRpc(wardenV1.DecisionsService))
  class Decisions extends TestDecisions {
    constructor() {
      super(backends);
    }
  }
  @RpcService(wardenV1.WardenService, everyRpc(wardenV1.WardenService))
  class Warden extends TestWarden {
    constructor() {
      super(backends);
    }
  }
  @RpcService(keysV1.KeysService, everyRpc(keysV1.KeysService))
  class Keys extends TestKeys {
    constructor() {
      super(backends);
    }
  }
  @RpcService(logoutV1.DeliveriesService, everyRpc(logoutV1.DeliveriesService))
  class Deliveries implements RpcHandlers<typeof logoutV1.DeliveriesService> {
    async listDeliveries({ state, after, limit }: logoutV1.ListDeliveriesRequest) {
      fail(backends, 'clients');
      const all = [...backends.deliveries.values()].filter((each) => state === 0 || each.state === state);
      return { deliveries: all.filter(({ id }) => Number(id) > Number(after)).slice(0, limit) };
    }
    async retryDelivery({ id }: logoutV1.RetryDeliveryRequest) {
      backends.deliveries.set(id, { ...found(backends.deliveries, id), attempts: 0 });
      return {};
    }
    async discardDelivery({ id }: logoutV1.DiscardDeliveryRequest) {
      found(backends.deliveries, id);
      backends.deliveries.delete(id);
      return {};
    }
  }
  @RpcService(openidV1.RegistrationService, everyRpc(openidV1.RegistrationService))
  class Registration implements RpcHandlers<typeof openidV1.RegistrationService> {
    async createInitialAccessToken({ uses, lifetimeMs }: openidV1.CreateInitialAccessTokenRequest) {
      fail(backends, 'clients');
      if (uses < 1) {
        throw new RpcError('INVALID_ARGUMENT', 'uses must be 1 to 1000');
      }
      return { token: `ct_ia_${uses}_${lifetimeMs}` };
    }
    registerClient = notAsked;
    readRegistration = notAsked;
    updateRegistration = notAsked;
    deleteRegistration = notAsked;
  }
  return {
    module: BackendsModule,
    providers: [Clients, Deliveries, Registration, Policies, Groups, Decisions, Warden, Keys],
  };
}

async function notAsked(): Promise<never> {
  throw new RpcError('UNIMPLEMENTED', 'the admin API never asks this');
}

function everyRpc<S extends object>(definition: S): { readonly [M in keyof S]: typeof ADMIN } {
  return Object.fromEntries(Object.keys(definition).map((rpc) => [rpc, ADMIN])) as { [M in keyof S]: typeof ADMIN };
}

/** Root client options on the services' handlers, called directly. */
export function rootClientOptions(backends: Backends, logger: Logger, id: string): RootClientOptions {
  const clients = new TestClients(backends);
  const policies = new TestPolicies(backends);
  return { clients, policies, logger, credentials: { id, secret: 'secret123' }, resourceNamePrefix: 'rn:hydra' };
}

/** A plan of one set with one key that waits to be followed. */
function plan(set: string) {
  const { KEY_STATE_ACTIVE, KEY_STATE_RETIRING } = keysV1.KeyState;
  const times = { sinceMs: 1_000, nextAtMs: 61_000 };
  return {
    set,
    algorithm: 'RS256',
    visibleMs: 1_200_000,
    overlapMs: 4_800_000,
    everyMs: 60_000,
    nowMs: 2_000,
    keys: [
      {
        keyId: 'k',
        algorithm: 'RS256',
        state: KEY_STATE_ACTIVE,
        nextState: KEY_STATE_RETIRING,
        signatures: 7,
        ...times,
      },
    ],
    next: { stageAtMs: 20_000, publishAtMs: 40_000, activateAtMs: 61_000 },
  };
}
