import { randomUUID } from 'node:crypto';
import {
  checkId,
  type Conditions,
  maxPageSize,
  parseConditionsJson,
  type Policy,
  PolicyError,
  type PolicyStore,
  validatePolicy,
} from '@castellan/policy';
import { RpcError, type RpcHandlers, wardenV1 } from '@castellan/rpc';
import { RpcService } from '@castellan/service';
import { policiesPeers } from './peers.js';
import { answer } from './rpc-answer.js';

const defaultPageSize = 500;

/** The service Policies: policies for the admin API, which has asked whether its caller may. */
@RpcService(wardenV1.PoliciesService, policiesPeers)
export class PoliciesRpc implements RpcHandlers<typeof wardenV1.PoliciesService> {
  constructor(private readonly policies: PolicyStore) {}

  async createPolicy(request: wardenV1.CreatePolicyRequest): Promise<wardenV1.CreatePolicyResponse> {
    return answer(async () => {
      const message = present(request.policy);
      const policy = fromMessage({ ...message, id: message.id === '' ? randomUUID() : message.id });
      const revision = await this.policies.insert(policy);
      if (revision === undefined) throw new RpcError('ALREADY_EXISTS', 'The policy ID is taken');
      return { policy: toMessage(policy), revision };
    });
  }

  async getPolicy({ id }: wardenV1.GetPolicyRequest): Promise<wardenV1.GetPolicyResponse> {
    return answer(async () => {
      checkId(id);
      const policy = await this.policies.find(id);
      if (policy === undefined) throw new RpcError('NOT_FOUND', 'Not found');
      return { policy: toMessage(policy) };
    });
  }

  async listPolicies({ limit, offset }: wardenV1.ListPoliciesRequest): Promise<wardenV1.ListPoliciesResponse> {
    return answer(async () => {
      if (limit < 0 || limit > maxPageSize) throw new PolicyError('limit', `must be from 0 to ${maxPageSize}`);
      if (offset < 0) throw new PolicyError('offset', 'must not be negative');
      const policies = await this.policies.list({ limit: limit === 0 ? defaultPageSize : limit, offset });
      return { policies: policies.map(toMessage) };
    });
  }

  async putPolicy(request: wardenV1.PutPolicyRequest): Promise<wardenV1.PutPolicyResponse> {
    return answer(async () => {
      const policy = fromMessage(present(request.policy));
      return { policy: toMessage(policy), revision: await this.policies.put(policy) };
    });
  }

  async deletePolicy({ id }: wardenV1.DeletePolicyRequest): Promise<wardenV1.DeletePolicyResponse> {
    return answer(async () => {
      checkId(id);
      return { revision: await this.policies.remove(id) };
    });
  }
}

function present(policy: wardenV1.Policy | undefined): wardenV1.Policy {
  if (policy === undefined) throw new PolicyError('policy', 'is missing');
  return policy;
}

function fromMessage(message: wardenV1.Policy): Policy {
  const { id, description, subjects, effect, resources, actions } = message;
  const conditions = parseConditions(message.conditionsJson);
  return validatePolicy({ id, description, subjects, effect, resources, actions, conditions });
}

function parseConditions(json: string): Conditions {
  if (json === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new PolicyError('conditions', 'are not JSON');
  }
  return parseConditionsJson(value);
}

function toMessage(policy: Policy): wardenV1.Policy {
  const { id, description, effect } = policy;
  return {
    id,
    description,
    subjects: [...policy.subjects],
    effect,
    resources: [...policy.resources],
    actions: [...policy.actions],
    conditionsJson: JSON.stringify(policy.conditions),
  };
}
