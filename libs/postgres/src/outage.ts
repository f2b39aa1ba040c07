/**
 * Why a statement failed that would have failed whatever it asked for. `lost`: its connection ended, another one may serve.
 * `unable`: the database cannot serve now, it is slow, locked, full, read-only or away.
 */
export type Outage = 'lost' | 'unable';

/** SQLSTATE classes and codes (PostgreSQL, appendix A) and codes of the system, by their beginnings; the first that fits counts. */
const byCode: readonly (readonly [RegExp, Outage])[] = [
  [/^(57P01|57P02|08|ECONNRESET|EPIPE)/, 'lost'],
  // Nobody is let in (28), no such database (3D), read-only (25006), waited in a transaction (25P03, 25P04), full (53), locked (55P03).
  [/^(28|3D|25006|25P03|25P04|53|55P03|57|58)/, 'unable'],
  [/^(ECONNREFUSED|ECONNABORTED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOENT)$/, 'unable'],
];

/** The driver's own words, which have no code. */
const byMessage: readonly (readonly [RegExp, Outage])[] = [
  [/^Connection terminated due to connection timeout$/, 'unable'],
  [/^Connection terminated|^Client has encountered a connection error|^Client was closed/, 'lost'],
  [/^Cannot use a pool/, 'unable'],
  [/^Query read timeout$|^timeout expired$|^timeout exceeded when trying to connect$/, 'unable'],
];

/** The outage that a failure tells of; undefined where the statement itself was refused, or something else failed. */
export function outageOf(cause: unknown): Outage | undefined {
  if (!(cause instanceof Error)) return undefined;
  // TypeORM wraps what the driver threw.
  const driver = 'driverError' in cause && cause.driverError instanceof Error ? cause.driverError : cause;
  const code = 'code' in driver && typeof driver.code === 'string' ? driver.code : undefined;
  const [rules, text] = code === undefined ? [byMessage, driver.message] : [byCode, code];
  return rules.find(([pattern]) => pattern.test(text))?.[1];
}

/** Whether a statement was given up because nothing answered: its connection may lead nowhere. */
export function isSilence(cause: unknown): boolean {
  return cause instanceof Error && cause.message === 'Query read timeout';
}
