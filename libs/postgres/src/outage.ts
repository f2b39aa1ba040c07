/**
 * Why a statement failed that would have failed whatever it asked for. `lost`: its connection ended, another one may serve.
 * `unable`: the database cannot serve now, it is slow, locked, full, read-only or away.
 */
export type Outage = 'lost' | 'unable';

/** SQLSTATE classes and codes (PostgreSQL, appendix A) and codes of the system, by their beginnings; the first that fits counts. */
const byCode: readonly (readonly [RegExp, Outage])[] = [
  [/^(57P01|57P02|08|ECONNRESET|EPIPE)/, 'lost'],
  [/^(53|57|58|55P03|25006)/, 'unable'],
  [/^E[A-Z_]{4,}$/, 'unable'],
];

/** The driver's own words, which have no code. */
const byMessage: readonly (readonly [RegExp, Outage])[] = [
  [/^Connection terminated due to connection timeout$/, 'unable'],
  [/^Connection terminated|^Client has encountered a connection error|^Client was closed/, 'lost'],
  [/^Query read timeout$|^timeout expired$|^timeout exceeded when trying to connect$/, 'unable'],
];

/** The outage that a failure of the driver tells of; undefined where the statement itself was refused. */
export function outageOf(cause: unknown): Outage | undefined {
  const { code, message = '' } = cause as { code?: unknown; message?: string };
  const [rules, text] = typeof code === 'string' ? [byCode, code] : [byMessage, message];
  return rules.find(([pattern]) => pattern.test(text))?.[1];
}
