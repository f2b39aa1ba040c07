import type { Conditions, Policy } from '@castellan/policy';
import type { PolicyRow } from './tables.js';
import { type BoundsRow, readBounds, validityColumns } from './validity-columns.js';

/** What is selected of a policy. */
export const policyColumns = `id, description, effect, subjects, resources, actions, conditions, ${validityColumns}`;

/** A selected policy. */
export type SelectedPolicy = Omit<PolicyRow, 'created_at' | 'updated_at' | 'valid_from' | 'valid_until'> & BoundsRow;

/** The column's constraint keeps the effect, and validation before the write the shape of the conditions. */
export function policyFromRow(row: SelectedPolicy): Policy {
  return {
    id: row.id,
    description: row.description,
    subjects: row.subjects,
    effect: row.effect === 'allow' ? 'allow' : 'deny',
    resources: row.resources,
    actions: row.actions,
    conditions: row.conditions as Conditions,
    ...readBounds(row),
  };
}

/** Columns that a policy is written to, and the values in their order; bounds are milliseconds since the epoch. */
export const writtenColumns =
  'id, description, effect, subjects, resources, actions, conditions, valid_from, valid_until';
export const writtenValues =
  '$1, $2, $3, $4, $5, $6, $7, to_timestamp($8::float8 / 1000), to_timestamp($9::float8 / 1000)';

export function valuesOfPolicy(policy: Policy): unknown[] {
  const { id, description, subjects, effect, resources, actions, conditions, validFrom, validUntil } = policy;
  const lists = [[...subjects], [...resources], [...actions]];
  return [id, description, effect, ...lists, JSON.stringify(conditions), validFrom ?? null, validUntil ?? null];
}
