/**
 * What a secret of this product looks like wherever it stands in a text: tokens and codes (`ct_xx_`), generated client
 * secrets (`cs_`), system secrets and those derived from them, and JWTs.
 */
export const secretTexts: readonly RegExp[] = [
  /(?<![A-Za-z0-9])ct_[a-z]{2}_[A-Za-z0-9._-]+/g,
  /(?<![A-Za-z0-9])cs_[A-Za-z0-9_-]{32,}/g,
  /(?<![A-Za-z0-9])(?:csk1|cds1)_[A-Za-z0-9._-]+/g,
  /(?<![A-Za-z0-9])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*/g,
];

/** Whether a text holds what looks like a secret of this product. */
export function holdsSecretText(text: string): boolean {
  return secretTexts.some((pattern) => text.search(pattern) >= 0);
}
