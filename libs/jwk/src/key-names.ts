import type { KeyPart } from './jwk.js';
import { KeyError } from './key-error.js';

/** Most keys of one request and of one set; a pair made here is two rows of a set, so it holds twice as many rows. */
export const MAX_KEYS = 50;

// `.` and `..` are path segments that a client or proxy resolves away.
const setPattern = /^(?!\.{1,2}$)[A-Za-z0-9._~-]{1,255}$/;
// Key IDs of the original contain `:` (rulings 24).
const kidPattern = /^(?!\.{1,2}$)[A-Za-z0-9._:~-]{1,255}$/;

/** Throws KeyError `malformed` unless the text may name a set. */
export function checkSetId(set: string): void {
  if (!setPattern.test(set)) {
    throw new KeyError('malformed', 'a key set ID is 1 to 255 characters of A-Z a-z 0-9 . _ ~ -');
  }
}

/** Throws KeyError `malformed` unless the text may name a key. */
export function checkKeyId(kid: string): void {
  if (!kidPattern.test(kid)) {
    throw new KeyError('malformed', 'a key ID is 1 to 255 characters of A-Z a-z 0-9 . _ : ~ -');
  }
}

/**
 * The key IDs of what is generated: `private` and `public`, with a name `private:x` and `public:x`; for a secret `shared`,
 * with a name that name.
 */
export function generatedNames(isSecret: boolean, name: string): readonly string[] {
  if (isSecret) return [name === '' ? 'shared' : name];
  return name === '' ? ['private', 'public'] : [`private:${name}`, `public:${name}`];
}

/** The name of the public part of a key: `public` for `private`, `public:x` for `private:x`, else the name itself. */
export function publicName(kid: string): string {
  return slotOf(kid) === 'private' ? `public${kid.slice('private'.length)}` : kid;
}

/** Which part of a key a name promises, by the original's convention; undefined when it promises nothing. */
export function slotOf(kid: string): KeyPart | undefined {
  if (kid === 'public' || kid.startsWith('public:')) return 'public';
  if (kid === 'private' || kid.startsWith('private:')) return 'private';
  return kid === 'shared' ? 'secret' : undefined;
}

/** Throws KeyError `malformed` when a key stands under a name that promises another part, such as a private key under `public`. */
export function checkSlot(kid: string, part: KeyPart): void {
  const slot = slotOf(kid);
  if (slot !== undefined && slot !== part) throw new KeyError('malformed', `key ID "${kid}" is not for a ${part} key`);
}
