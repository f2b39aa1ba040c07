import { RpcError, wardenV1, type RpcHandlers } from '@castellan/rpc';
import { type Backends, fail, found, policy, versionOf } from './backends.js';

const { DenialReason } = wardenV1;

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

export class TestGroups implements RpcHandlers<typeof wardenV1.GroupsService> {
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

export class TestDecisions implements RpcHandlers<typeof wardenV1.DecisionsService> {
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

export class TestWarden implements RpcHandlers<typeof wardenV1.WardenService> {
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
  streamCheck(): Promise<never> {
    return Promise.reject(new RpcError('UNIMPLEMENTED', 'the admin API asks no streams'));
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

function denied(reason: wardenV1.DenialReason): wardenV1.CheckTokenResponse {
  return { allowed: false, reason, revision: 1, token: undefined };
}
