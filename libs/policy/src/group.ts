import { checkId } from './id.js';
import { PolicyError } from './policy-error.js';
import { findUnstorable } from './text.js';

/** A group of subjects. Groups are flat: a member that is the ID of a group stands for no other member. */
export type Group = {
  readonly id: string;
  /** Subjects, each once, in order of their bytes. */
  readonly members: readonly string[];
};

/** Most members that one write may name. */
export const maxMembersPerWrite = 10_000;

/** Longest member in bytes of UTF-8; an index entry of the store must hold it. */
export const maxMemberBytes = 2048;

/** Checks a group before it is stored, and orders its members. Throws PolicyError. */
export function validateGroup(group: Group): Group {
  checkId(group.id);
  return { id: group.id, members: validateMembers(group.members) };
}

/** Checks subjects before they are added or removed; answers them ordered, each once. Throws PolicyError. */
export function validateMembers(members: readonly string[]): readonly string[] {
  if (members.length > maxMembersPerWrite) {
    throw new PolicyError('members', `must not name more than ${maxMembersPerWrite} subjects`);
  }
  for (const [index, member] of members.entries()) {
    if (member === '') throw new PolicyError(`members[${index}]`, 'must not be empty');
    if (Buffer.byteLength(member) > maxMemberBytes) {
      throw new PolicyError(`members[${index}]`, `must not be longer than ${maxMemberBytes} bytes`);
    }
    if (findUnstorable(member) >= 0) throw new PolicyError(`members[${index}]`, 'holds NUL or a lone surrogate');
  }
  return orderByBytes([...new Set(members)]);
}

/** Orders texts by the bytes of their UTF-8, as collation "C" does. */
export function orderByBytes(texts: readonly string[]): readonly string[] {
  return [...texts].sort(compareBytes);
}

function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
