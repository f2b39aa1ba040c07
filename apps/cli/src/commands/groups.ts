import { otherFormatFlag, printOr } from '../format.js';
import { apiFlags, type CommandCall, type CommandRow } from '../command.js';
import { texts } from '../json.js';
import { printable } from '../terminal.js';

export const groupsRows: readonly CommandRow[] = [
  { path: 'groups', summary: 'Manage groups of subjects', flags: apiFlags },
  {
    path: 'groups create',
    summary: 'Create a group',
    operands: '<id>',
    examples: ['groups create editors'],
    flags: [otherFormatFlag],
    run: createGroup,
  },
  {
    path: 'groups delete',
    summary: 'Delete a group',
    operands: '<id>',
    examples: ['groups delete editors'],
    flags: [otherFormatFlag],
    run: deleteGroup,
  },
  {
    path: 'groups find',
    summary: 'Find the groups a subject belongs to',
    operands: '<subject>',
    examples: ['groups find alice --format json'],
    flags: [otherFormatFlag],
    run: findGroups,
  },
  { path: 'groups members', summary: 'Manage the members of a group' },
  {
    path: 'groups members add',
    summary: 'Add members to a group',
    operands: '<group> <member...>',
    examples: ['groups members add editors alice bob'],
    flags: [otherFormatFlag],
    run: addMembers,
  },
  {
    path: 'groups members remove',
    summary: 'Remove members from a group',
    operands: '<group> <member...>',
    examples: ['groups members remove editors bob'],
    flags: [otherFormatFlag],
    run: removeMembers,
  },
];

async function createGroup(call: CommandCall): Promise<void> {
  const api = await call.api();
  const id = call.operand(0);
  const group = await api.post({
    failure: 'Could not create group',
    path: ['warden', 'groups'],
    json: { id, members: [] },
  });
  await printOr(call, () => call.print(`Group ${id} created.`), group);
}

async function deleteGroup(call: CommandCall): Promise<void> {
  const api = await call.api();
  const id = call.operand(0);
  await api.delete({ failure: 'Could not create group', path: ['warden', 'groups', id] });
  await printOr(call, () => call.print(`Group ${id} deleted.`), { deleted: id });
}

async function findGroups(call: CommandCall): Promise<void> {
  const api = await call.api();
  const member = call.operand(0);
  const found = await api.get({ failure: 'Could not find groups', path: ['warden', 'groups'], query: { member } });
  const groups = texts(found).map((id) => ({ id }));
  const own = (): void => call.print(`Subject ${member} belongs to groups [${texts(found).map(printable).join(' ')}].`);
  await printOr(call, own, groups, ['id']);
}

async function addMembers(call: CommandCall): Promise<void> {
  const [api, group, members] = [await call.api(), call.operand(0), call.operands.slice(1)];
  await api.post({
    failure: 'Could not add members to group',
    path: ['warden', 'groups', group, 'members'],
    json: { members },
  });
  const own = (): void => call.print(`Members [${members.join(' ')}] added to group ${group}.`);
  await printOr(call, own, { id: group, added: members });
}

async function removeMembers(call: CommandCall): Promise<void> {
  const [api, group, members] = [await call.api(), call.operand(0), call.operands.slice(1)];
  await api.delete({
    failure: 'Could not add members to group',
    path: ['warden', 'groups', group, 'members'],
    json: { members },
  });
  const own = (): void => call.print(`Members [${members.join(' ')}] removed from group ${group}.`);
  await printOr(call, own, { id: group, removed: members });
}
