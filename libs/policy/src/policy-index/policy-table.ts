import { compileConditions, type NamedCondition } from '../conditions/named-conditions.js';
import type { StoredPolicy, Verdict } from '../stored-policy.js';
import { isBounded, type Validity } from '../validity.js';
import { Dimension, loose } from './dimension.js';
import { extended, Growth } from './growth.js';
import { IntArena } from './int-arena.js';
import { actionBits, PairTable } from './pair-table.js';
import { hashForwards } from './text-hash.js';
import { TextTable } from './text-table.js';

/** A policy with more pairs of a resource and a subject than this is found by its resources or its subjects alone. */
const maxPairs = 64;

const verdicts: readonly Verdict[] = ['allow', 'deny', 'invalid'];
const allow = verdicts.indexOf('allow');
const invalid = verdicts.indexOf('invalid');

// What is known of a slot, in one byte: its verdict in the lowest bits, and what else there is to ask.
const verdictBits = 3;
const hasConditions = 4;
const hasValidity = 8;

/** Bit of the templates that are found by no key; every access request may match them. */
const looseBit = 1;
const headerLength = 3;

/** Which list of a policy. */
export type List = 'subjects' | 'resources' | 'actions';

/** Slots that may be a policy's; finding one never nests. */
const candidates: number[] = [];

/**
 * Policies in numbered slots, found by pairs of a resource template and a subject template. What a pair finds might
 * match; nothing that matches is missed. Adding and removing cost what the one policy holds, whatever else is stored.
 */
export class PolicyTable {
  private readonly growth = new Growth();
  readonly subjects = new Dimension(this.growth);
  readonly resources = new Dimension(this.growth);
  readonly actions = new Dimension(this.growth);
  readonly arena = new IntArena(this.growth);
  /** Policies that allow, and all others: those that deny or cannot be evaluated. */
  readonly allowances: PairTable;
  readonly denials: PairTable;

  /** Slots by the ID of their policy, counted from 1. */
  private readonly byId = new TextTable(this.growth);
  /** IDs by slot; undefined where it is free. */
  private readonly ids: (string | undefined)[] = [];
  private readonly free: number[] = [];
  private readonly conditions = new Map<number, readonly NamedCondition[]>();
  /** When the few policies apply that do not always. */
  private readonly validities = new Map<number, Validity>();
  private readonly invalidIds = new Set<string>();
  private traits = new Uint8Array(64);
  /** Where the template numbers of each policy stand in the arena: three lengths, then subjects, resources, actions. */
  private lists = new Int32Array(64);

  constructor(seed: number) {
    this.allowances = new PairTable(this.arena, this.growth, seed);
    this.denials = new PairTable(this.arena, this.growth, seed);
  }

  get size(): number {
    return this.ids.length - this.free.length;
  }

  /** IDs of the policies that cannot be evaluated, ordered. */
  get invalidPolicyIds(): readonly string[] {
    return [...this.invalidIds].sort();
  }

  /** Adds policies, each in place of an older one of its ID. */
  putAll(policies: readonly StoredPolicy[]): void {
    const total = this.size + policies.length;
    const isLoad = policies.length > this.size;
    for (const policy of policies) {
      if (isLoad) this.growth.report(this.size, total);
      this.put(policy);
    }
    if (isLoad) this.growth.report(total, total);
  }

  /** Adds a policy, in place of an older one of its ID. */
  put(policy: StoredPolicy): void {
    this.remove(policy.id);
    const slot = this.free.pop() ?? this.ids.length;
    this.growTo(slot);
    this.ids[slot] = policy.id;
    this.byId.add(policy.id, hashForwards(policy.id), slot + 1);

    const subjects = acquireAll(this.subjects, policy.subjects);
    const resources = acquireAll(this.resources, policy.resources);
    const actions = acquireAll(this.actions, policy.actions);
    const conditions = compileConditions(policy.conditions);
    let traits = 0;
    if (conditions !== undefined && conditions.length > 0) {
      this.conditions.set(slot, conditions);
      traits |= hasConditions;
    }
    if (isBounded(policy)) {
      this.validities.set(slot, { validFrom: policy.validFrom, validUntil: policy.validUntil });
      traits |= hasValidity;
    }
    const isValid =
      (policy.effect === 'allow' || policy.effect === 'deny') &&
      conditions !== undefined &&
      !subjects.some((number) => this.subjects.isBroken(number)) &&
      !resources.some((number) => this.resources.isBroken(number)) &&
      !actions.some((number) => this.actions.isBroken(number));
    if (!isValid) this.invalidIds.add(policy.id);
    this.traits[slot] = traits | (isValid ? verdicts.indexOf(policy.effect as Verdict) : invalid);

    this.lists[slot] = this.writeLists(subjects, resources, actions);
    // A policy without actions matches nothing, nor does one without pairs.
    if (actions.length === 0) return;
    const table = this.pairTableOf(slot);
    const mask = actions.reduce((bits, number) => bits | this.bitOf(number), 0);
    this.forEachPair(slot, (resource, subject) => table.add(resource, subject, slot, mask));
  }

  /** Removes a policy; passes over an absent one. */
  remove(id: string): void {
    const slot = this.slotOf(id);
    if (slot === undefined) return;
    const table = this.pairTableOf(slot);
    this.forEachPair(slot, (resource, subject) => table.remove(resource, subject, slot));
    for (const list of ['subjects', 'resources', 'actions'] as const) {
      for (const number of this.numbersOf(slot, list)) this[list].release(number);
    }
    const offset = this.lists[slot] ?? 0;
    this.arena.release(
      offset,
      headerLength + this.countOf(offset, 0) + this.countOf(offset, 1) + this.countOf(offset, 2),
    );
    this.byId.remove(id, slot + 1);
    this.ids[slot] = undefined;
    this.conditions.delete(slot);
    this.validities.delete(slot);
    this.invalidIds.delete(id);
    this.free.push(slot);
  }

  /** Every slot that holds a policy. */
  *eachSlot(): Iterable<number> {
    for (const [slot, id] of this.ids.entries()) if (id !== undefined) yield slot;
  }

  idOf(slot: number): string {
    return this.ids[slot] ?? '';
  }

  verdictOf(slot: number): Verdict {
    return verdicts[(this.traits[slot] ?? invalid) & verdictBits] ?? 'invalid';
  }

  /** When the policy applies; undefined for one that always does. */
  validityOf(slot: number): Validity | undefined {
    return ((this.traits[slot] ?? 0) & hasValidity) === 0 ? undefined : this.validities.get(slot);
  }

  conditionsOf(slot: number): readonly NamedCondition[] | undefined {
    return ((this.traits[slot] ?? 0) & hasConditions) === 0 ? undefined : this.conditions.get(slot);
  }

  /** Whether a template of the policy's list matches the value that the list's dimension is at. */
  matchesAny(slot: number, list: List): boolean {
    const { cells } = this.arena;
    const offset = this.lists[slot] ?? 0;
    const subjects = cells[offset] ?? 0;
    const resources = cells[offset + 1] ?? 0;
    let at = offset + headerLength;
    let count = subjects;
    if (list === 'resources') {
      at += subjects;
      count = resources;
    } else if (list === 'actions') {
      at += subjects + resources;
      count = cells[offset + 2] ?? 0;
    }
    const dimension = this[list];
    for (const end = at + count; at < end; at++) if (dimension.matches(cells[at] ?? 0)) return true;
    return false;
  }

  /** The bits of the templates that are found under these numbers. */
  maskOfActions(found: readonly number[], count: number): number {
    let mask = looseBit;
    for (let i = 1; i < count; i++) mask |= this.bitOf(found[i] ?? 0);
    return mask;
  }

  private slotOf(id: string): number | undefined {
    const count = this.byId.collect(id, hashForwards(id), candidates, 0);
    for (let i = 0; i < count; i++) {
      const slot = (candidates[i] ?? 0) - 1;
      if (this.ids[slot] === id) return slot;
    }
    return undefined;
  }

  private writeLists(...lists: readonly (readonly number[])[]): number {
    const length = lists.reduce((sum, list) => sum + list.length, headerLength);
    const offset = this.arena.allocate(length);
    const { cells } = this.arena;
    let at = offset;
    for (const list of lists) cells[at++] = list.length;
    for (const list of lists) for (const number of list) cells[at++] = number;
    return offset;
  }

  private numbersOf(slot: number, list: List): readonly number[] {
    const { cells } = this.arena;
    const offset = this.lists[slot] ?? 0;
    const subjects = this.countOf(offset, 0);
    const resources = this.countOf(offset, 1);
    let at = offset + headerLength + (list === 'subjects' ? 0 : subjects) + (list === 'actions' ? resources : 0);
    const count = this.countOf(offset, list === 'subjects' ? 0 : list === 'resources' ? 1 : 2);
    const numbers: number[] = [];
    for (const end = at + count; at < end; at++) numbers.push(cells[at] ?? 0);
    return numbers;
  }

  private countOf(offset: number, field: number): number {
    return this.arena.cells[offset + field] ?? 0;
  }

  private bitOf(action: number): number {
    return this.actions.keyOf(action) === loose ? looseBit : 2 << (action % (actionBits - 1));
  }

  private pairTableOf(slot: number): PairTable {
    return ((this.traits[slot] ?? 0) & verdictBits) === allow ? this.allowances : this.denials;
  }

  /** The pairs that the policy is found by. They depend on it alone, so that they are found again when it is removed. */
  private forEachPair(slot: number, visit: (resource: number, subject: number) => void): void {
    const subjects = distinctKeys(this.subjects, this.numbersOf(slot, 'subjects'));
    const resources = distinctKeys(this.resources, this.numbersOf(slot, 'resources'));
    if (subjects.every(isLoose) && resources.every(isLoose) && subjects.length > 0 && resources.length > 0) {
      for (const action of distinctKeys(this.actions, this.numbersOf(slot, 'actions'))) visit(loose, byAction(action));
      return;
    }
    if (subjects.length * resources.length <= maxPairs) {
      for (const resource of resources) for (const subject of subjects) visit(resource, subject);
      return;
    }
    // Found by the list without loose templates, by the longer one where both are so: its keys are the more selective.
    const byResources = resources.includes(loose)
      ? false
      : subjects.includes(loose) || resources.length >= subjects.length;
    if (byResources) for (const resource of resources) visit(resource, loose);
    else for (const subject of subjects) visit(loose, subject);
  }

  private growTo(slot: number): void {
    if (slot < this.lists.length) return;
    const length = this.growth.longer(this.lists.length);
    const traits = new Uint8Array(length);
    traits.set(this.traits);
    this.traits = traits;
    this.lists = extended(this.lists, length);
  }
}

/**
 * The subject number under which a policy stands that only its action tells apart: one for any subject and resource.
 * Numbers of subjects are not negative.
 */
export function byAction(action: number): number {
  return -1 - action;
}

function isLoose(number: number): boolean {
  return number === loose;
}

function acquireAll(dimension: Dimension, texts: readonly string[]): readonly number[] {
  return distinct(texts).map((text) => dimension.acquire(text));
}

function distinctKeys(dimension: Dimension, numbers: readonly number[]): readonly number[] {
  return distinct(numbers.map((number) => dimension.keyOf(number)));
}

/** Most lists hold one. */
function distinct<Item>(items: readonly Item[]): readonly Item[] {
  return items.length < 2 ? items : [...new Set(items)];
}
