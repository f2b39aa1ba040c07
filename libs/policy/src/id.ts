import { PolicyError } from './policy-error.js';

/** Longest ID of a policy or group, in characters. */
export const maxIdLength = 255;

const alphabet = new Set('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-:@~');

/**
 * Checks the ID of a policy or group: up to 255 letters, digits and `._-:@~`, and no path segment that means another
 * place. Throws PolicyError.
 */
export function checkId(id: string): void {
  if (id === '') throw new PolicyError('id', 'must not be empty');
  if (id.length > maxIdLength) throw new PolicyError('id', `must not be longer than ${maxIdLength} characters`);
  if (id === '.' || id === '..') throw new PolicyError('id', 'must not be a relative path');
  for (const character of id) {
    if (!alphabet.has(character)) throw new PolicyError('id', 'may hold letters, digits and ._-:@~ only');
  }
}
