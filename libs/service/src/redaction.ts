import { secretTexts } from '@castellan/rpc';

const REDACTED = '[redacted]';
const MAX_DEPTH = 6;
const MAX_TEXT = 4096;

// Names are compared in lower case without `-`, `_` and `.`.
const SECRET_NAMES = new Set([
  'authorization',
  'proxyauthorization',
  'cookie',
  'setcookie',
  'code',
  'codeverifier',
  'consent',
  'challenge',
  'assertion',
  'clientassertion',
  'credentials',
  'passwd',
  'privatekey',
  'jwk',
  'jws',
  'jwt',
  'claimsjson',
  'databaseurl',
  'redisurl',
  'idtokenhint',
  'request',
  'nonce',
  'state',
]);
const SECRET_ENDINGS = ['token', 'tokens', 'secret', 'secrets', 'password', 'apikey', 'cookie', 'cookies'];

function isSecretName(name: string): boolean {
  const plain = name.toLowerCase().replaceAll(/[-_.]/g, '');
  return SECRET_NAMES.has(plain) || SECRET_ENDINGS.some((ending) => plain.endsWith(ending));
}

/** Takes out what may never be in a log, wherever it stands in a text: URL passwords, bearer values, our own tokens. */
export function scrubText(text: string): string {
  const short = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}...` : text;
  const named = short
    .replaceAll(/:\/\/[^\s/:@]{0,256}:[^\s/@]{1,256}@/g, `://${REDACTED}@`)
    .replaceAll(/\b(bearer|basic|dpop) +[A-Za-z0-9._~+/=-]{4,}/gi, `$1 ${REDACTED}`);
  return secretTexts.reduce((scrubbed, secret) => scrubbed.replaceAll(secret, REDACTED), named);
}

function describeError(error: Error, depth: number): unknown {
  return {
    name: error.name,
    message: scrubText(error.message),
    ...(error.stack === undefined ? {} : { stack: scrubText(error.stack) }),
    ...(error.cause === undefined ? {} : { cause: redactValue(error.cause, depth + 1) }),
  };
}

function redactValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return scrubText(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'function' || typeof value === 'symbol') return undefined;
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH) return '[deep]';
  if (value instanceof Error) return describeError(value, depth);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'invalid date' : value.toISOString();
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if ('toJSON' in value && typeof value.toJSON === 'function') return redactValue(value.toJSON(), depth + 1);
  if (Array.isArray(value)) return value.slice(0, 100).map((item) => redactValue(item, depth + 1));
  return redactFields(value, depth + 1);
}

/** A copy that may be logged: fields named like secrets are `[redacted]` at any depth, texts and names are scrubbed. */
export function redactFields(fields: object, depth = 0): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    // What is no longer than this is no token of ours.
    const shown = name.length < 16 ? name : scrubText(name);
    Object.defineProperty(copy, shown, {
      value: isSecretName(name) ? REDACTED : redactValue(value, depth),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return copy;
}
