import { createHash, createHmac, hkdfSync } from 'node:crypto';

// Fixed for good: changing it would orphan everything ever derived.
const SALT = Buffer.from('castellan/secrets/v1', 'utf8');
const MIN_LENGTH = 16;
const RECOMMENDED_LENGTH = 32;
const GENERATED_PREFIX = 'csk1_';

// Values printed in tutorials and quick starts, the second as a shell leaves it that expands `$3`.
const KNOWN_SAMPLES: ReadonlySet<string> = new Set([
  'this_needs_to_be_the_same_always_and_also_very_$3cuR3-._',
  'this_needs_to_be_the_same_always_and_also_very_cuR3-._',
  'this_needs_to_be_the_same_always',
  'this-is-the-primary-secret',
  'youReallyNeedToChangeThis',
  'passwordtutorialpasswordtutorial',
  'secretsecretsecretsecretsecretsecret',
]);

/** The service that is given a secret derived from the system secret instead of the system secret itself. */
export type DerivedSecretService = 'token' | 'warden';

/** The verdict on a system secret: usable (perhaps with warnings, each one line), or refused. */
export type SystemSecretCheck =
  { readonly ok: true; readonly warnings: readonly string[] } | { readonly ok: false; readonly error: string };

/** What a database remembers of the secret that it was initialised with: its key ID, and a MAC that only that secret makes. */
export type SecretVerifier = { readonly keyId: string; readonly verifier: string };

/**
 * Derives a 32-byte key from a secret for one purpose (HKDF-SHA-256, RFC 5869, fixed salt).
 * The label names the purpose and its version, such as `kek/v1`; keys of different labels tell nothing about each other.
 */
export function deriveKey(secret: string, label: string): Buffer {
  return Buffer.from(hkdfSync('sha256', Buffer.from(secret, 'utf8'), SALT, Buffer.from(label, 'utf8'), 32));
}

/** The 4-byte name of a secret, which may stand in the open beside what was made with it. */
export function keyId(secret: string): Buffer {
  return deriveKey(secret, 'kid').subarray(0, 4);
}

/** The secret of one service, derived from the system secret: `cds1_<service>_` and 43 base64url characters. */
export function deriveServiceSecret(systemSecret: string, service: DerivedSecretService): string {
  return `cds1_${service}_${deriveKey(systemSecret, `service-secret/${service}/v1`).toString('base64url')}`;
}

/** Makes the value by which a component recognises its secret at start; it reveals nothing of the secret. */
export function secretVerifier(secret: string, component: 'keys' | 'token' | 'warden'): SecretVerifier {
  const verifier = createHmac('sha256', deriveKey(secret, 'key-check/v1')).update(component).digest('base64url');
  return { keyId: keyId(secret).toString('hex'), verifier };
}

/** What a database says to the secrets that a service holds. */
export type SecretClaim =
  /** All that the database needs are held; the one of this key ID is to be used for what is made from now on. */
  | { readonly kind: 'accepted'; readonly inUse: string }
  /** None is known to the database, or some that it needs, by their key IDs, are not held. */
  | { readonly kind: 'refused'; readonly missing: readonly string[] };

/**
 * Judges the secrets that a service holds, newest first: it must hold each that the database has registered, and each
 * that something stored names (`needed`, key IDs). The newest registered one is in use; one that is held and not
 * registered waits, so that a new secret can be given to every replica before the first of them uses it.
 */
export function judgeClaim(
  held: readonly SecretVerifier[],
  registered: readonly SecretVerifier[],
  needed: readonly string[] = [],
): SecretClaim {
  const holds = ({ keyId, verifier }: SecretVerifier): boolean =>
    held.some((mine) => mine.keyId === keyId && mine.verifier === verifier);
  const missing = new Set([
    ...registered.filter((one) => !holds(one)).map((one) => one.keyId),
    ...needed.filter((id) => !held.some((mine) => mine.keyId === id)),
  ]);
  const known = held.find((mine) =>
    registered.some((one) => one.keyId === mine.keyId && one.verifier === mine.verifier),
  );
  return known === undefined || missing.size > 0
    ? { kind: 'refused', missing: [...missing] }
    : { kind: 'accepted', inUse: known.keyId };
}

/**
 * The secrets of a variable: separated by commas, newest first. A text whose parts are not all long enough to be secrets
 * is one secret, as it was before there were lists.
 */
export function parseSecretList(text: string): readonly [string, ...string[]] {
  const [first = '', ...others] = text.split(',').map((part) => part.trim());
  return [first, ...others].every((part) => part.length >= MIN_LENGTH) ? [first, ...others] : [text];
}

/** The secrets, with the one of that key ID first: what is made from now on is made with the first. */
export function inUseFirst(secrets: readonly string[], inUse: string): readonly [string, ...string[]] {
  const current = secrets.find((secret) => keyId(secret).toString('hex') === inUse);
  if (current === undefined) throw new Error('the secret in use is not held');
  return [current, ...secrets.filter((secret) => secret !== current)];
}

/** The list of secrets of a service that belongs to a list of system secrets, in the same order. */
export function deriveServiceSecrets(systemSecrets: string, service: DerivedSecretService): string {
  return parseSecretList(systemSecrets)
    .map((secret) => deriveServiceSecret(secret, service))
    .join(',');
}

/** Judges every secret of a list; see checkSystemSecret. */
export function checkSystemSecrets(text: string): SystemSecretCheck {
  const secrets = parseSecretList(text);
  if (new Set(secrets).size < secrets.length) return { ok: false, error: 'SYSTEM_SECRET lists a secret twice.' };
  const warnings: string[] = [];
  for (const secret of secrets) {
    const check = checkSystemSecret(secret);
    if (!check.ok) return check;
    warnings.push(...check.warnings);
  }
  return { ok: true, warnings };
}

/** Makes a system secret of 32 random bytes: `csk1_`, the bytes and a 4-byte checksum as base64url. */
export function generateSystemSecret(randomBytes: (size: number) => Buffer): string {
  const random = randomBytes(32);
  return GENERATED_PREFIX + Buffer.concat([random, checksum(random)]).toString('base64url');
}

/**
 * Judges a system secret: at least 16 characters, else refused; a value that begins like a generated one must have its
 * checksum, else it was cut or mistyped. Under 32 characters, and values printed in tutorials, are accepted with a warning.
 * No message repeats the value.
 */
export function checkSystemSecret(secret: string): SystemSecretCheck {
  if (secret.length < MIN_LENGTH) {
    return { ok: false, error: `SYSTEM_SECRET must have at least ${MIN_LENGTH} characters, got ${secret.length}.` };
  }
  if (secret.startsWith(GENERATED_PREFIX) && !hasChecksum(secret)) {
    return { ok: false, error: 'SYSTEM_SECRET begins with csk1_ but its checksum is wrong: it was cut or mistyped.' };
  }
  const warnings: string[] = [];
  if (secret.length < RECOMMENDED_LENGTH) {
    warnings.push(
      `SYSTEM_SECRET should have at least ${RECOMMENDED_LENGTH} characters, got ${secret.length}. ` +
        '`castellan secrets generate` prints a good one.',
    );
  }
  if (KNOWN_SAMPLES.has(secret)) {
    warnings.push(
      'SYSTEM_SECRET is a value printed in a public tutorial. `castellan secrets generate` prints a good one.',
    );
  }
  return { ok: true, warnings };
}

function checksum(random: Buffer): Buffer {
  return createHash('sha256').update('csk1').update(random).digest().subarray(0, 4);
}

function hasChecksum(secret: string): boolean {
  const text = secret.slice(GENERATED_PREFIX.length);
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.length !== 36 || bytes.toString('base64url') !== text) return false;
  return checksum(bytes.subarray(0, 32)).equals(bytes.subarray(32));
}
