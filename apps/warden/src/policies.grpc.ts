import { randomUUID } from 'node:crypto';
import {
  type ChangeNote,
  checkId,
  maxPageSize,
  PolicyError,
  type PolicyHistory,
  type PolicyImports,
  type PolicyStore,
  type PolicyWrite,
  type PolicyWritten,
  type StageRefusal,
  validatePolicy,
} from '@castellan/policy';
import { RpcError, type RpcHandlers, wardenV1 } from '@castellan/rpc';
import { RpcService } from '@castellan/service';
import { policiesPeers } from './peers.js';
import { policyFromMessage, policyToMessage, present, versionToMessage } from './policy-message.js';
import { answer } from './rpc-answer.js';

const defaultPageSize = 500;
const defaultVersions = 100;
const maxVersions = 1000;
/** A page of an export stays below what a message may hold, whatever size its policies are. */
const maxExportBytes = 600_000;

export type PoliciesDependencies = {
  readonly policies: PolicyStore;
  readonly history: PolicyHistory;
  readonly imports: PolicyImports;
};

/** The service Policies: policies and their life for the admin API, which has asked whether its caller may. */
@RpcService(wardenV1.PoliciesService, policiesPeers)
export class PoliciesRpc implements RpcHandlers<typeof wardenV1.PoliciesService> {
  constructor(private readonly stores: PoliciesDependencies) {}

  async createPolicy(request: wardenV1.CreatePolicyRequest): Promise<wardenV1.CreatePolicyResponse> {
    return answer(async () => {
      const message = present(request.policy);
      const policy = policyFromMessage({ ...message, id: message.id === '' ? randomUUID() : message.id });
      const written = await this.write({ kind: 'insert', policy, note: noteOf(request.note) });
      return { policy: policyToMessage(policy), ...written };
    });
  }

  async getPolicy({ id, withVersion }: wardenV1.GetPolicyRequest): Promise<wardenV1.GetPolicyResponse> {
    return answer(async () => {
      checkId(id);
      if (withVersion !== true) return { policy: policyToMessage(found(await this.stores.policies.find(id))) };
      const { policy, version } = found(await this.stores.history.findCurrent(id));
      return { policy: policyToMessage(policy), version };
    });
  }

  async listPolicies({ limit, offset }: wardenV1.ListPoliciesRequest): Promise<wardenV1.ListPoliciesResponse> {
    return answer(async () => {
      checkLimit(limit, maxPageSize);
      if (offset < 0) throw new PolicyError('offset', 'must not be negative');
      const policies = await this.stores.policies.list({ limit: limit === 0 ? defaultPageSize : limit, offset });
      return { policies: policies.map(policyToMessage) };
    });
  }

  async putPolicy(request: wardenV1.PutPolicyRequest): Promise<wardenV1.PutPolicyResponse> {
    return answer(async () => {
      const policy = policyFromMessage(present(request.policy));
      const { ifVersion } = request;
      const written = await this.write({ kind: 'put', policy, note: noteOf(request.note), ifVersion });
      return { policy: policyToMessage(policy), ...written };
    });
  }

  async deletePolicy({ id, note, ifVersion }: wardenV1.DeletePolicyRequest): Promise<wardenV1.DeletePolicyResponse> {
    return answer(async () => {
      checkId(id);
      const { revision } = await this.write({ kind: 'remove', id, note: noteOf(note), ifVersion });
      return { revision };
    });
  }

  async listPolicyVersions(request: wardenV1.ListPolicyVersionsRequest): Promise<wardenV1.ListPolicyVersionsResponse> {
    return answer(async () => {
      const { id, limit, before } = request;
      checkId(id);
      checkLimit(limit, maxVersions);
      const page = { limit: limit === 0 ? defaultVersions : limit, ...(before > 0 ? { before } : {}) };
      return { versions: (await this.stores.history.list(id, page)).map(versionToMessage) };
    });
  }

  async rollBackPolicy({
    id,
    version,
    note,
  }: wardenV1.RollBackPolicyRequest): Promise<wardenV1.RollBackPolicyResponse> {
    return answer(async () => {
      checkId(id);
      const { policy: former } = found(await this.stores.history.find(id, version));
      if (former === undefined) {
        throw new RpcError('FAILED_PRECONDITION', `version ${version} removed the policy; delete it to go back there`);
      }
      // Another release may have stored what this one refuses.
      const policy = validatePolicy(former);
      const { by, reason } = noteOf(note);
      const why = `back to version ${version}${reason === '' ? '' : `: ${reason}`}`;
      const written = await this.write({ kind: 'put', policy, note: { by, reason: why } });
      return { policy: policyToMessage(policy), ...written };
    });
  }

  async exportPolicies({ after, limit }: wardenV1.ExportPoliciesRequest): Promise<wardenV1.ExportPoliciesResponse> {
    return answer(async () => {
      checkLimit(limit, defaultPageSize);
      if (after !== '') checkId(after);
      const page = await this.stores.policies.page(after, limit === 0 ? defaultPageSize : limit);
      const policies: wardenV1.Policy[] = [];
      let bytes = 0;
      for (const policy of page.policies) {
        const message = policyToMessage(policy);
        bytes += wardenV1.Policy.encode(message).finish().length;
        if (bytes > maxExportBytes && policies.length > 0) break;
        policies.push(message);
      }
      return { policies, revision: page.revision, total: page.total };
    });
  }

  async beginPolicyImport({ by }: wardenV1.BeginPolicyImportRequest): Promise<wardenV1.BeginPolicyImportResponse> {
    return answer(async () => ({ importId: await this.stores.imports.begin(by) }));
  }

  async stagePolicies({
    importId,
    by,
    policies,
  }: wardenV1.StagePoliciesRequest): Promise<wardenV1.StagePoliciesResponse> {
    return answer(async () => {
      const read = policies.map((message, index) => readStaged(message, index));
      const staged = await this.stores.imports.stage(importId, by, read);
      if (typeof staged !== 'number') throw stageError(staged);
      return { staged };
    });
  }

  async commitPolicyImport(request: wardenV1.CommitPolicyImportRequest): Promise<wardenV1.CommitPolicyImportResponse> {
    return answer(async () => {
      const { importId, prune, ifRevision } = request;
      const counts = await this.stores.imports.commit(importId, { note: noteOf(request.note), prune, ifRevision });
      if (counts === 'unknown') throw stageError({ refused: 'unknown' });
      if (counts === 'other_revision') throw new RpcError('ABORTED', 'The policies are of another revision by now');
      return counts;
    });
  }

  async abortPolicyImport({
    importId,
    by,
  }: wardenV1.AbortPolicyImportRequest): Promise<wardenV1.AbortPolicyImportResponse> {
    return answer(async () => {
      await this.stores.imports.abort(importId, by);
      return {};
    });
  }

  private async write(write: PolicyWrite): Promise<{ revision: number; version: number }> {
    const written = await this.stores.history.write(write);
    if (written.outcome !== 'written') throw refusals[written.outcome]();
    return { revision: written.revision, version: written.version };
  }
}

const refusals: { readonly [outcome in Exclude<PolicyWritten['outcome'], 'written'>]: () => RpcError } = {
  taken: () => new RpcError('ALREADY_EXISTS', 'The policy ID is taken'),
  other_version: () => new RpcError('ABORTED', 'The policy is of another version'),
};

function stageError(refusal: StageRefusal): RpcError {
  if (refusal.refused === 'twice') {
    return new RpcError('ALREADY_EXISTS', `The import holds policy ${refusal.id} already`);
  }
  return refusal.refused === 'unknown'
    ? new RpcError('NOT_FOUND', 'Not found')
    : new RpcError('INVALID_ARGUMENT', 'The import holds too many policies');
}

/** A policy of an import keeps its ID: the same file imported again must not make others. */
function readStaged(message: wardenV1.Policy, index: number): ReturnType<typeof policyFromMessage> {
  try {
    return policyFromMessage(message);
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    const which = message.id === '' ? `[${index}]` : `[${index}] (${message.id.slice(0, 255)})`;
    throw new RpcError('INVALID_ARGUMENT', `policies${which}: ${error.message}`);
  }
}

function noteOf(note: wardenV1.ChangeNote | undefined): ChangeNote {
  const { by, reason } = note ?? { by: '', reason: '' };
  return { by: by === '' ? 'warden' : by, reason };
}

function checkLimit(limit: number, most: number): void {
  if (limit < 0 || limit > most) throw new PolicyError('limit', `must be from 0 to ${most}`);
}

function found<T>(value: T | undefined): T {
  if (value === undefined) throw new RpcError('NOT_FOUND', 'Not found');
  return value;
}
