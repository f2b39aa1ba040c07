import type { Validity } from '@castellan/policy';

/** A timestamp column as milliseconds since the epoch, which JSON and the driver answer as a number. */
export function epochMs(column: string): string {
  return `(extract(epoch FROM ${column}) * 1000)::float8`;
}

/** The bounds of a policy's validity, under the names of the domain. */
export const validityColumns = `${epochMs('valid_from')} AS "validFrom", ${epochMs('valid_until')} AS "validUntil"`;

export type BoundsRow = { readonly validFrom: number | null; readonly validUntil: number | null };

/** Reads bounds; what is null is absent. */
export function readBounds({ validFrom, validUntil }: BoundsRow): Validity {
  return {
    ...(validFrom !== null ? { validFrom } : {}),
    ...(validUntil !== null ? { validUntil } : {}),
  };
}
