import { z } from 'zod';
import { parseAddressList, type AddressList } from './address-list.js';
import { parseDuration } from './duration.js';

/** The configuration cannot be used; the message is one line for the operator and holds no value of a secret. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: string | readonly string[]) {
    const list = typeof problems === 'string' ? [problems] : problems;
    super(list.join('; ').replaceAll(/\s*\n\s*/g, ' '));
    this.name = 'ConfigError';
    this.problems = list;
  }
}

function describeIssue(issue: z.core.$ZodIssue, env: NodeJS.ProcessEnv): string {
  const name = String(issue.path[0] ?? 'configuration');
  const missing = issue.code === 'invalid_type' && (env[name] === undefined || env[name] === '');
  return `${name}: ${missing ? 'is required' : issue.message}`;
}

/**
 * Reads the variables that `schema` (an object of variable names) asks for. An empty variable counts as absent.
 * @throws ConfigError naming every variable that is missing or cannot be used, never its value
 */
export function readConfig<T>(schema: z.ZodType<T>, env: NodeJS.ProcessEnv): T {
  const present = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const result = schema.safeParse(present);
  if (result.success) return result.data;
  throw new ConfigError([...new Set(result.error.issues.map((issue) => describeIssue(issue, env)))]);
}

function parsed<T>(expectation: string, parse: (text: string) => T | undefined) {
  return z.string().transform((text, context): T => {
    const value = parse(text);
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message: expectation });
    return z.NEVER;
  });
}

/** A duration as Go writes it (`1h30m`, `90s`, `500ms`), in milliseconds. */
export const durationSchema = parsed('must be a duration such as 1h30m, 90s or 500ms', parseDuration);

/** `1`/`true` and `0`/`false` (any case, as Go reads booleans). */
export const booleanSchema = parsed('must be true or false', (text) => {
  if (/^(1|t|true|yes|on)$/i.test(text)) return true;
  return /^(0|f|false|no|off)$/i.test(text) ? false : undefined;
});

/** A whole number from 0 on. */
export const integerSchema = parsed('must be a whole number', (text) =>
  /^\d{1,15}$/.test(text) ? Number(text) : undefined,
);

/** A TCP port; 0 lets the system choose. */
export const portSchema = parsed('must be a port (0 to 65535)', (text) =>
  /^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined,
);

/** An absolute http or https URL, kept as written. */
export const urlSchema = parsed('must be an absolute http or https URL', (text) => {
  if (!URL.canParse(text)) return undefined;
  const { protocol, username, password } = new URL(text);
  return (protocol === 'http:' || protocol === 'https:') && username === '' && password === '' ? text : undefined;
});

/** Values separated by commas, trimmed, without empty ones. */
export const commaListSchema = parsed('must be a list separated by commas', (text): readonly string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
);

/** Networks in CIDR notation (or single addresses), separated by commas. */
export const addressListSchema = parsed(
  'must be a list of networks such as 10.0.0.0/8, separated by commas',
  (text): AddressList | undefined => parseAddressList(text),
);
