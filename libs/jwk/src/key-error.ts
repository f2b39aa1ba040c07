/** Why the key manager does not do what was asked. */
export type KeyErrorCode =
  | 'malformed' // the request or a key in it is not sound
  | 'not_found' // the set or key does not exist
  | 'already_exists' // the key ID is taken
  | 'forbidden' // private parts that are not given out, sets that are not written to from outside
  | 'too_many'; // the set would hold more keys than a set may

/** An answer of the key manager that is not what the caller hoped for. The message is for the caller and holds no key material. */
export class KeyError extends Error {
  override name = 'KeyError';

  constructor(
    readonly code: KeyErrorCode,
    message: string,
  ) {
    super(message);
  }
}
