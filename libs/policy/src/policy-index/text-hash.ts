/** Continues a hash with one more UTF-16 unit. */
export function extendHash(hash: number, unit: number): number {
  return (Math.imul(hash, 31) + unit) | 0;
}

/** Hash of a text from its begin. */
export function hashForwards(text: string): number {
  return hashFrom(0, text);
}

/** Hash of a text that follows what has the hash `start`. */
export function hashFrom(start: number, text: string): number {
  let hash = start;
  for (let i = 0; i < text.length; i++) hash = extendHash(hash, text.charCodeAt(i));
  return hash;
}

/** Hash of a text from its end. */
export function hashBackwards(text: string): number {
  let hash = 0;
  for (let i = text.length - 1; i >= 0; i--) hash = extendHash(hash, text.charCodeAt(i));
  return hash;
}

/** Units in a gram. */
export const gramLength = 3;

/** Hash of the gram at a place. */
export function hashGram(text: string, at: number): number {
  return extendHash(extendHash(extendHash(0, text.charCodeAt(at)), text.charCodeAt(at + 1)), text.charCodeAt(at + 2));
}

/** Brings all bits of a hash to bear on all; different hashes stay different. */
export function spread(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return mixed ^ (mixed >>> 13);
}

/** The place in a table of so many at which a spread hash belongs; a greater hash never belongs before a smaller one. */
export function homeOf(hash: number, size: number): number {
  return ((hash + 2 ** 31) * (size / 2 ** 32)) | 0;
}
