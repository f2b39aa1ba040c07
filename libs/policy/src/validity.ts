import { PolicyError } from './policy-error.js';

/**
 * When a policy takes part in decisions: from `validFrom` on, and before `validUntil`; milliseconds since the epoch, by
 * the clock of the database. Absent: no such bound.
 */
export type Validity = { readonly validFrom?: number | undefined; readonly validUntil?: number | undefined };

/** Where an instant lies that is outside of a validity. */
export type OutsideValidity = 'not_yet' | 'over';

/** Latest instant that a bound may have: the end of the year 9999, which RFC 3339 can write. */
const latest = 253_402_300_799_999;

/** Where the instant lies, if not inside. The first instant belongs to the validity, the last does not. */
export function findOutside({ validFrom, validUntil }: Validity, now: number): OutsideValidity | undefined {
  // A policy judged without the time would apply, or not, by accident.
  if (Number.isNaN(now)) throw new TypeError('a policy with a validity is judged by the time');
  if (validFrom !== undefined && now < validFrom) return 'not_yet';
  return validUntil !== undefined && now >= validUntil ? 'over' : undefined;
}

/** The next instant at which the policy begins or ceases to take part; Infinity when there is none. */
export function nextBoundary({ validFrom, validUntil }: Validity, now: number): number {
  if (validFrom !== undefined && now < validFrom) return validFrom;
  return validUntil !== undefined && now < validUntil ? validUntil : Number.POSITIVE_INFINITY;
}

/** Whether there is a bound at all. */
export function isBounded({ validFrom, validUntil }: Validity): boolean {
  return validFrom !== undefined || validUntil !== undefined;
}

/** Checks a validity before it is stored. Throws PolicyError when it could never begin, or a bound is no instant. */
export function checkValidity({ validFrom, validUntil }: Validity): Validity {
  for (const [member, bound] of [
    ['valid_from', validFrom],
    ['valid_until', validUntil],
  ] as const) {
    if (bound !== undefined && !(Number.isSafeInteger(bound) && bound >= 0 && bound <= latest)) {
      throw new PolicyError(member, 'must be a time from 1970 to 9999');
    }
  }
  if (validFrom !== undefined && validUntil !== undefined && validUntil <= validFrom) {
    throw new PolicyError('valid_until', 'must be later than valid_from');
  }
  return {
    ...(validFrom !== undefined ? { validFrom } : {}),
    ...(validUntil !== undefined ? { validUntil } : {}),
  };
}

const dateTime = /^(\d{4})-(\d{2})-(\d{2})[Tt]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:\d{2})$/;

/** Reads a bound as RFC 3339 writes it; empty is none. What is finer than a millisecond is cut off. Throws PolicyError. */
export function parseBound(member: 'valid_from' | 'valid_until', text: string): number | undefined {
  if (text === '') return undefined;
  const [, year, month, day] = dateTime.exec(text) ?? [];
  const milliseconds = day === undefined ? Number.NaN : Date.parse(text.toUpperCase());
  // The runtime takes February 30th for March 2nd.
  const exists = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day))).getUTCDate() === Number(day);
  if (Number.isNaN(milliseconds) || !exists) {
    throw new PolicyError(member, 'must be a time in RFC 3339 form, such as 2030-01-31T08:00:00Z');
  }
  return milliseconds;
}

/** Writes a bound: RFC 3339, in UTC. */
export function formatBound(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
