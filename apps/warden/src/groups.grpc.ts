import { randomUUID } from 'node:crypto';
import { checkId, type Group, type GroupStore, PolicyError, validateGroup, validateMembers } from '@castellan/policy';
import { RpcError, type RpcHandlers, wardenV1 } from '@castellan/rpc';
import { RpcService } from '@castellan/service';
import { groupsPeers } from './peers.js';
import { answer } from './rpc-answer.js';

/** The service Groups: groups of subjects for the admin API, which sees to it that no client has the ID of a group. */
@RpcService(wardenV1.GroupsService, groupsPeers)
export class GroupsRpc implements RpcHandlers<typeof wardenV1.GroupsService> {
  constructor(private readonly groups: GroupStore) {}

  async createGroup(request: wardenV1.CreateGroupRequest): Promise<wardenV1.CreateGroupResponse> {
    return answer(async () => {
      if (request.group === undefined) throw new PolicyError('group', 'is missing');
      const { id, members } = request.group;
      const group = validateGroup({ id: id === '' ? randomUUID() : id, members });
      const revision = await this.groups.insert(group);
      if (revision === undefined) throw new RpcError('ALREADY_EXISTS', 'The group ID is taken');
      return { group: { id: group.id, members: [...new Set(members)] }, revision };
    });
  }

  async getGroup({ id }: wardenV1.GetGroupRequest): Promise<wardenV1.GetGroupResponse> {
    return answer(async () => {
      checkId(id);
      return { group: toMessage(found(await this.groups.find(id))) };
    });
  }

  async findGroups({ member }: wardenV1.FindGroupsRequest): Promise<wardenV1.FindGroupsResponse> {
    return answer(async () => {
      validateMembers([member]);
      return { groupIds: [...(await this.groups.findByMember(member))] };
    });
  }

  async deleteGroup({ id }: wardenV1.DeleteGroupRequest): Promise<wardenV1.DeleteGroupResponse> {
    return answer(async () => {
      checkId(id);
      return { revision: await this.groups.remove(id) };
    });
  }

  async addMembers({ groupId, members }: wardenV1.AddMembersRequest): Promise<wardenV1.AddMembersResponse> {
    return answer(async () => {
      checkId(groupId);
      return { revision: found(await this.groups.addMembers(groupId, validateMembers(members))) };
    });
  }

  async removeMembers({ groupId, members }: wardenV1.RemoveMembersRequest): Promise<wardenV1.RemoveMembersResponse> {
    return answer(async () => {
      checkId(groupId);
      return { revision: found(await this.groups.removeMembers(groupId, validateMembers(members))) };
    });
  }
}

function found<T>(value: T | undefined): T {
  if (value === undefined) throw new RpcError('NOT_FOUND', 'Not found');
  return value;
}

function toMessage(group: Group): wardenV1.Group {
  return { id: group.id, members: [...group.members] };
}
